import type { Attachment, Buffer, Mapping, Reset } from '../world/entities.ts'

/** `buffer 15 (vfio_pci_core)`. */
export function bufferName(buffer: Buffer | null): string {
  if (!buffer) return 'a buffer that no event names'
  const name = buffer.ino !== null ? `buffer ${buffer.ino}` : `dma-buf ${buffer.dmabuf ?? 'unknown'}`
  return buffer.exporter === null ? name : `${name} (${buffer.exporter})`
}

/** `0000:02:00.0 (dynamic)`. */
export function importerName(attachment: Attachment | null): string {
  if (!attachment) return 'an importer that no event names'
  return `${attachment.device ?? 'an unnamed importer'} (${attachment.class})`
}

export function hex(address: bigint | null): string {
  return address === null ? 'an unknown address' : `0x${address.toString(16)}`
}

export function mappingName(mapping: Mapping): string {
  return `${importerName(mapping.attachment)}'s mapping of ${bufferName(mapping.buffer)} at ${hex(mapping.iova)}`
}

/** `the reset of 0000:01:00.0 (flr, sysfs)`. */
export function resetName(reset: Reset): string {
  const how = [reset.method, reset.trigger].filter((word) => word !== 'unknown').join(', ')
  const what = reset.device ?? reset.frames[0]?.fn ?? 'the exporting device'
  return how === '' ? `the reset of ${what}` : `the reset of ${what} (${how})`
}

/** Why it is not certain that the buffer is of what was reset. */
export function scopeDoubt(reset: Reset, buffer: Buffer | null): string {
  const device = buffer?.exporterDevice ?? null
  if (device === null) return 'no event names the device that exported this buffer'
  if (reset.bridge) return `no event says whether ${device} is below the bridge ${reset.device}`
  return 'no event names the device that was reset'
}

/** `3.004 s`, `12.300 ms`, `54 µs`. */
export function span(ns: bigint): string {
  if (ns >= 1_000_000_000n) return `${(Number(ns) / 1e9).toFixed(3)} s`
  if (ns >= 1_000_000n) return `${(Number(ns) / 1e6).toFixed(3)} ms`
  return `${(Number(ns) / 1e3).toFixed(0)} µs`
}

/** Two attachments of one buffer that only hashed pointers tell apart, and a raw pointer that fits both. */
export function joinDoubt(attachment: Attachment): string | null {
  if (attachment.missed) return 'a snapshot no longer shows its device attached: its detach is not in the trace'
  return attachment.uncertain
    ? 'hashed and raw pointers of this attachment could only be joined by a guess: record with hash-ptr=0'
    : null
}

/** As `joinDoubt`, for what rests on the attachment having been there at all. */
export function attachDoubt(attachment: Attachment): string | null {
  if (!attachment.attached && attachment.listed)
    return 'its attach is not in the trace: that it was attached rests on a snapshot, and on when that was taken'
  if (!attachment.attached) return 'its attach is not in the trace: what names it may belong to another'
  return joinDoubt(attachment)
}

/** drivers/dma-buf/dma-buf.c: what the core does, and what its probes show of it. */
import { acquire, createLock, release as letGo, type Running, waitQueue } from '../scheduler.ts'
import { noteAttached, noteDetached, noteUsedDetached } from '../truth/attachments.ts'
import {
  noteEnded,
  noteLetGo,
  noteMapped,
  noteReleased,
  noteTelling,
  noteUnmapped,
  noteUnmappedAgain,
} from '../truth/mappings.ts'
import { errorPointer, reservationOf, retire } from './addresses.ts'
import type { Exporter } from './exporter.ts'
import type { Importer } from './importer.ts'
import { enter, type Fields, leave, type Machine, milliseconds, spaceOf, type Thread, tracepoint } from './machine.ts'
import type { Attachment, Buffer, Mapping } from './objects.ts'
import type { PciFunction } from './pci-function.ts'

export const named = ({ exporter, size, ino }: Buffer): Fields => ({ exporter: exporter.name, size, ino })

export function* exportBuffer(
  m: Machine,
  thread: Thread,
  exporter: Exporter,
  { size, owner = null }: { size: number; owner?: PciFunction | null },
): Running<Buffer> {
  const pointer = m.slab.allocate('dmabuf')
  const buffer: Buffer = {
    ino: m.nextInode++,
    exporter,
    owner,
    size,
    pointer,
    reservation: { pointer: reservationOf(pointer), lock: createLock(), fences: new Set() },
    attachments: [],
    revoked: owner !== null && !owner.memoryEnabled,
    dead: false,
    revoking: false,
    released: false,
    accepted: 0,
    mapped: 0,
    counted: 0,
    unmapped: waitQueue(),
    exportedAt: 0,
    releasedAt: null,
    revocation: null,
  }
  m.buffers.add(buffer)
  m.truth.buffers.push(buffer)
  yield* tracepoint(m, thread, 'dma_buf:dma_buf_export', named(buffer))
  buffer.exportedAt = m.scheduler.now
  yield* leave(m, thread, {
    fn: 'dma_buf_export',
    caller: exporter.exports,
    fields: { ...named(buffer), dmabuf: pointer, resv: buffer.reservation.pointer },
  })
  yield* tracepoint(m, thread, 'dma_buf:dma_buf_fd', { ...named(buffer), fd: 9 })
  return buffer
}

/** The last reference goes; whatever is still attached is attached to nothing. */
export function* releaseBuffer(m: Machine, thread: Thread, buffer: Buffer): Running {
  const fields = { ino: buffer.ino, dmabuf: buffer.pointer }
  yield* enter(m, thread, { fn: 'dma_buf_file_release', fields })
  buffer.released = true
  buffer.releasedAt = m.scheduler.now
  m.buffers.delete(buffer)
  buffer.owner?.buffers.delete(buffer)
  noteReleased(m, buffer)
  yield* enter(m, thread, { fn: 'dma_buf_release', fields })
  m.slab.free('dmabuf', buffer.pointer)
}

function opsFields({ ops, opsSymbol, callback, p2p }: Importer): Fields {
  // With ops NULL, a probe that follows it prints what was there before.
  if (ops === '0x0') return { ops, opsSymbol: '0x0', callback: '0x0', p2p: 0, dynamic: 0 }
  return { ops, opsSymbol, callback: callback ?? '0x0', p2p: Number(p2p), dynamic: 1 }
}

export function* attach(m: Machine, thread: Thread, buffer: Buffer, importer: Importer): Running<Attachment | null> {
  const { pointer: dmabuf, exporter } = buffer
  yield* tracepoint(m, thread, 'dma_buf:dma_buf_get', { ...named(buffer), fd: 9 })
  const fields = { ...named(buffer), dmabuf, device: importer.device, ...opsFields(importer) }
  yield* enter(m, thread, { fn: 'dma_buf_dynamic_attach', fields })
  const errno = exporter.refusesAttach(buffer, importer)
  const entered = m.scheduler.now
  const back = { fn: 'dma_buf_dynamic_attach', caller: importer.attaches }
  if (errno !== 0) {
    m.truth.refused.push({ ino: buffer.ino, importer: importer.device, errno })
    yield* leave(m, thread, { ...back, fields: { ...fields, ret: errorPointer(errno) } })
    yield* tracepoint(m, thread, 'dma_buf:dma_buf_put', named(buffer))
    return null
  }
  const attachment: Attachment = {
    buffer,
    importer,
    pointer: m.slab.allocate('attachment'),
    pins: 0,
    mappings: new Set(),
    detached: false,
    attachedAt: 0,
    detachedAt: null,
    everPinned: false,
    invalidations: 0,
    toldIn: null,
    callbackIn: null,
    acted: null,
  }
  buffer.attachments.unshift(attachment)
  m.attachments.add(attachment)
  const shown = { ...fields, attach: attachment.pointer }
  m.truth.attachments.push(attachment)
  buffer.accepted++
  yield* tracepoint(m, thread, 'dma_buf:dma_buf_dynamic_attach', shown)
  attachment.attachedAt = m.scheduler.now
  noteAttached(m, attachment, entered)
  yield* enter(m, thread, { fn: '__probestub_dma_buf_dynamic_attach', fields: shown })
  yield* leave(m, thread, { ...back, fields: { ...shown, ret: attachment.pointer } })
  return attachment
}

export function* detach(m: Machine, thread: Thread, attachment: Attachment): Running {
  const { buffer, importer, pointer } = attachment
  const fields = { ...named(buffer), dmabuf: buffer.pointer, attach: pointer, device: importer.device }
  yield* enter(m, thread, { fn: 'dma_buf_detach', fields })
  attachment.detached = true
  attachment.detachedAt = m.scheduler.now
  for (const mapping of attachment.mappings) {
    mapping.returnedAt = m.scheduler.now
    noteEnded(mapping, thread, 'detach')
  }
  m.attachments.delete(attachment)
  buffer.attachments = buffer.attachments.filter((other) => other !== attachment)
  noteDetached(m, attachment)
  yield* tracepoint(m, thread, 'dma_buf:dma_buf_detach', { ...fields, dynamic: importer.ops === '0x0' ? 0 : 1 })
  m.slab.free('attachment', pointer)
  yield* tracepoint(m, thread, 'dma_buf:dma_buf_put', named(buffer))
}

/** With the reservation lock held. */
export function* pin(m: Machine, thread: Thread, attachment: Attachment): Running<boolean> {
  const { buffer, importer, pointer } = attachment
  const errno = buffer.exporter.refusesPin()
  const fields = { ino: buffer.ino, dmabuf: buffer.pointer, attach: pointer, ret: -errno }
  yield* enter(m, thread, { fn: 'dma_buf_pin', fields })
  if (errno === 0) {
    attachment.pins++
    attachment.everPinned = true
  }
  yield* leave(m, thread, { fn: 'dma_buf_pin', caller: importer.pins, fields })
  return errno === 0
}

export function* unpin(m: Machine, thread: Thread, attachment: Attachment): Running {
  attachment.pins--
  yield* enter(m, thread, {
    fn: 'dma_buf_unpin',
    fields: { ino: attachment.buffer.ino, dmabuf: attachment.buffer.pointer, attach: attachment.pointer },
  })
}

const PAGES = 0x106120000

/** With the reservation lock held. Null where the exporter refused. */
export function* map(m: Machine, thread: Thread, attachment: Attachment): Running<Mapping | null> {
  const { buffer, importer, pointer } = attachment
  const direction = buffer.ino % 3
  const fields = { ...named(buffer), dmabuf: buffer.pointer, attach: pointer, device: importer.device, direction }
  yield* enter(m, thread, { fn: 'dma_buf_map_attachment', fields })
  const back = { fn: 'dma_buf_map_attachment', caller: importer.maps }
  const errno = buffer.exporter.refusesMap(buffer)
  if (errno !== 0) {
    // What a failed dereference leaves in the other fields.
    const stale = { nents: 1, iova: '0xffff0000', length: 4096 }
    yield* leave(m, thread, { ...back, fields: { ...fields, ...stale, sgt: errorPointer(errno), err: -errno } })
    return null
  }
  const mapping: Mapping = {
    attachment,
    table: m.slab.allocate('table'),
    iova: spaceOf(m, importer.device).allocate(buffer.size),
    length: buffer.size,
    direction,
    use: 0,
    mappedAt: m.scheduler.now,
    goneAt: null,
    returnedAt: null,
    told: null,
    endedBy: null,
    endedIn: null,
    liveAtReset: false,
    noted: new Set(),
  }
  if (buffer.exporter.counts) buffer.counted++
  mapping.use = spaceOf(m, importer.device).uses(mapping.iova)
  attachment.mappings.add(mapping)
  yield* translate(m, thread, mapping)
  noteMapped(m, mapping)
  const iova = `0x${mapping.iova.toString(16)}`
  const shown = {
    nents: 1,
    iova,
    length: mapping.length,
    sgt: mapping.table,
    err: BigInt.asIntN(64, BigInt(mapping.table)).toString(),
  }
  yield* leave(m, thread, { ...back, fields: { ...fields, ...shown } })
  mapping.mappedAt = m.scheduler.now
  m.truth.mappings.push(mapping)
  buffer.mapped++
  return mapping
}

function* translate(m: Machine, thread: Thread, { iova, length, attachment }: Mapping): Running {
  const { device } = attachment.buffer.exporter
  yield* tracepoint(m, thread, 'iommu:map', { iova, length, paddr: device ? 0xfe200000 : PAGES })
  if (!device)
    yield* tracepoint(m, thread, 'dma:dma_map_sg', { device: attachment.importer.device, iova, length, paddr: PAGES })
}

/** With the reservation lock held; `caller` is the importer's function that lets go. */
export function* unmap(m: Machine, thread: Thread, mapping: Mapping, caller?: string): Running {
  const { attachment, table, iova, length } = mapping
  const { buffer, importer } = attachment
  const fields = {
    ...named(buffer),
    dmabuf: buffer.pointer,
    attach: attachment.pointer,
    device: importer.device,
    direction: mapping.direction,
    sgt: table,
  }
  yield* enter(m, thread, { fn: 'dma_buf_unmap_attachment', fields })
  const { device } = buffer.exporter
  if (!device) yield* tracepoint(m, thread, 'dma:dma_unmap_sg', { device: importer.device, paddr: PAGES })
  yield* tracepoint(m, thread, 'iommu:unmap', { iova, length })
  mapping.goneAt = m.scheduler.now
  retire(spaceOf(m, attachment.importer.device), mapping)
  spaceOf(m, importer.device).free(iova, length)
  attachment.mappings.delete(mapping)
  if (buffer.exporter.counts && --buffer.counted === 0) m.scheduler.wake(buffer.unmapped)
  m.slab.free('table', table)
  // Its thread may be set aside before it returns: whoever waited goes on meanwhile.
  if (m.random.chance(0.02)) yield milliseconds(m.random.between(0.05, 2))
  yield* leave(m, thread, { fn: 'dma_buf_unmap_attachment', caller: caller ?? importer.unmaps, fields })
  mapping.returnedAt = m.scheduler.now
  noteLetGo(mapping, thread)
  noteUnmapped(m, mapping)
}

/** The importer lets go what it has let go before: the exporter's own count goes wrong. */
export function* unmapAgain(m: Machine, thread: Thread, mapping: Mapping): Running {
  const { attachment, table: sgt } = mapping
  const { buffer, importer, pointer: attach } = attachment
  const fields = { ...named(buffer), dmabuf: buffer.pointer, attach, device: importer.device, direction: 0, sgt }
  yield* enter(m, thread, { fn: 'dma_buf_unmap_attachment', fields })
  if (attachment.detached) noteUsedDetached(m, attachment, 'unmap')
  else noteUnmappedAgain(m, mapping)
  yield* leave(m, thread, { fn: 'dma_buf_unmap_attachment', caller: importer.unmaps, fields })
}

/** With the reservation lock held, as the callbacks are. */
export function* invalidate(m: Machine, thread: Thread, buffer: Buffer, caller: string, entered?: () => void): Running {
  const fn = m.old ? 'dma_buf_move_notify' : 'dma_buf_invalidate_mappings'
  const fields = { ...named(buffer), dmabuf: buffer.pointer }
  yield* enter(m, thread, { fn, fields })
  entered?.()
  noteTelling(m, buffer)
  for (const attachment of [...buffer.attachments]) {
    if (attachment.importer.callback === null || attachment.detached) continue
    attachment.callbackIn = thread
    yield* attachment.importer.told(m, thread, attachment)
    attachment.callbackIn = null
  }
  yield* leave(m, thread, { fn, caller, fields })
}

/** Runs `body` with the reservation lock held. */
export function* locked<T>(m: Machine, buffer: Buffer, body: () => Running<T>): Running<T> {
  yield* acquire(buffer.reservation.lock)
  const result = yield* body()
  letGo(m.scheduler, buffer.reservation.lock)
  return result
}

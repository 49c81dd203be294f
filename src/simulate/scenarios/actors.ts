/** What people's programs do with buffers: open devices, import, use, let go, and go away. */
import { attach, detach, pin, unpin } from '../kernel/attachments.ts'
import { exportBuffer, locked, releaseBuffer } from '../kernel/buffers.ts'
import { importerOf } from '../kernel/drivers.ts'
import { type Exporter, gpuExporter, heapExporter } from '../kernel/exporter.ts'
import { waitForFences } from '../kernel/fences.ts'
import type { Importer } from '../kernel/importer.ts'
import { dropPrivately } from '../kernel/iommufd.ts'
import { exit, fork, type Machine, milliseconds, type Thread, tracepoint } from '../kernel/machine.ts'
import { map, unmap } from '../kernel/mappings.ts'
import { tell } from '../kernel/move.ts'
import type { Attachment, Buffer, Mapping } from '../kernel/objects.ts'
import { type PciFunction, pciFunction } from '../kernel/pci-function.ts'
import { exportFrom } from '../kernel/vfio.ts'
import type { Running } from '../scheduler.ts'

export const EXPORTING = [
  '0000:01:00.0',
  '0000:01:00.1',
  '0000:03:00.0',
  '0000:3b:00.0',
  '0000:3b:00.3',
  '0000:81:00.0',
]
export const IMPORTING = [
  '0000:02:00.0',
  '0000:05:00.0',
  '0000:06:00.0',
  '0000:c1:00.0',
  '0000:c1:00.1',
  '0000:e2:00.0',
]

/** A function on vfio-pci, closed so far. */
export function vfioFunction(m: Machine, name = EXPORTING[0]!): PciFunction {
  return pciFunction(name, m.slab.allocate('device'), `${name.slice(0, 5)}00:1c.0`)
}

export function pause(m: Machine, least: number, most: number): number {
  return milliseconds(m.random.between(least, most))
}

/** Waits that every map of a static importer, and many others', begin with. */
const KERNEL = 0

/** Maps with the lock held, with the pins that this importer takes; null where the exporter refused. */
export function* mapOnce(m: Machine, thread: Thread, attachment: Attachment): Running<Mapping | null> {
  const { importer, buffer } = attachment
  const pins = importer.pinning !== 'never' && attachment.pins === 0
  if (pins && !(yield* pin(m, thread, attachment))) return null
  if (importer.pinning !== 'kept')
    yield* waitForFences(m, thread, buffer.reservation, {
      usage: KERNEL,
      interruptible: importer.ops === '0x0',
      caller: importer.maps,
    })
  const mapping = yield* map(m, thread, attachment)
  if (pins && (importer.pinning === 'around' || !mapping)) yield* unpin(m, thread, attachment)
  return mapping
}

/** Attaches and maps; null where either was refused, with nothing left behind. */
export function* importBuffer(
  m: Machine,
  thread: Thread,
  buffer: Buffer,
  importer: Importer,
): Running<Attachment | null> {
  const attachment = yield* attach(m, thread, buffer, importer)
  if (!attachment) return null
  const mapping = yield* locked(m, buffer, () => mapOnce(m, thread, attachment))
  if (mapping) return attachment
  yield* detach(m, thread, attachment)
  return null
}

/** Takes down whatever is still mapped. */
export function* unmapAll(m: Machine, thread: Thread, attachment: Attachment): Running {
  yield* locked(m, attachment.buffer, function* () {
    for (const mapping of [...attachment.mappings]) yield* unmap(m, thread, mapping)
    while (attachment.pins > 0) yield* unpin(m, thread, attachment)
  })
}

/** The importer closes its handle. */
export function* letGo(m: Machine, thread: Thread, attachment: Attachment): Running {
  if (attachment.detached) return
  if (attachment.importer.class === 'private') yield* dropPrivately(m, thread, attachment)
  yield* unmapAll(m, thread, attachment)
  yield* detach(m, thread, attachment)
}

/** An importer that lost its mapping to a revoke maps again, where its kind does. */
export function* mapAgain(m: Machine, thread: Thread, attachment: Attachment): Running {
  if (attachment.detached || attachment.importer.class !== 'dynamic') return
  yield* locked(m, attachment.buffer, function* () {
    if (attachment.mappings.size === 0 && !attachment.buffer.released) yield* mapOnce(m, thread, attachment)
  })
}

/** A buffer of that function, with its importers attached and mapped. */
export function* shareBuffer(
  m: Machine,
  thread: Thread,
  fn: PciFunction,
  exporter: Exporter,
  importers: readonly Importer[],
): Running<{ buffer: Buffer; attachments: Attachment[] }> {
  const buffer = yield* exportFrom(m, thread, fn, exporter, 4096 * 2 ** m.random.below(5))
  const attachments: Attachment[] = []
  for (const importer of importers) {
    yield pause(m, 0.1, 20)
    const attachment = yield* importBuffer(m, thread, buffer, importer)
    if (attachment) attachments.push(attachment)
  }
  return { buffer, attachments }
}

/** Buffers that have nothing to do with it: they are never revoked, and hold whom they like. */
export function bystanders(m: Machine, count: number, until: number): void {
  for (let i = 0; i < count; i++) m.scheduler.start(bystander(m, until), m.random.between(0, 50e6))
}

function* bystander(m: Machine, until: number): Running {
  const device = m.random.pick(IMPORTING)
  while (m.scheduler.now < until) {
    const thread = fork(m, m.random.pick(['Xorg', 'gst-launch-1.0', 'weston', 'python3', 'vkcube']))
    const moves = m.random.chance(0.4)
    const buffer = yield* exportBuffer(m, thread, moves ? gpuExporter() : heapExporter(), {
      size: 4096 << m.random.below(6),
    })
    const driver = moves && m.random.chance(0.7) ? 'virtgpu' : 'i915'
    const importer = importerOf(driver, device)
    const attachment = yield* importBuffer(m, thread, buffer, importer)
    yield pause(m, 1, 200)
    if (attachment && driver === 'virtgpu') {
      yield* tell(m, fork(m, 'kworker/u8:3'), buffer, 'move')
      yield pause(m, 0.1, 3)
      yield* mapAgain(m, thread, attachment)
    }
    if (attachment) yield* letGo(m, thread, attachment)
    yield* releaseBuffer(m, thread, buffer)
    yield* end(m, thread)
    yield pause(m, 1, 100)
  }
}

/** The task exits, and its pid may be another's at once. */
export function* end(m: Machine, thread: Thread): Running {
  yield* tracepoint(m, thread, 'sched:sched_process_exit', { comm: thread.comm, pid: thread.pid })
  exit(m, thread)
}

/** drivers/dma-buf/dma-buf.c: buffers, from their export to their last reference, and what all their importers are told. */
import { acquire, createLock, release as letGo, type Running, waitQueue } from '../scheduler.ts'
import { noteReleased, noteTelling } from '../truth/mappings.ts'
import { reservationOf } from './addresses.ts'
import type { Exporter } from './exporter.ts'
import { enter, type Fields, leave, type Machine, type Thread, tracepoint } from './machine.ts'
import type { Buffer } from './objects.ts'
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

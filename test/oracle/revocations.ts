import type { Buffer } from './buffers.ts'
import { mayMiss, named, number, type Trace, type TraceEvent, text } from './read-trace.ts'

/** One call of `vfio_pci_dma_buf_move()`. */
export interface Move {
  event: TraceEvent
  ret: TraceEvent | null
  device: string | null
  revoked: boolean
}

export interface Cleanup {
  event: TraceEvent
  ret: TraceEvent | null
  device: string | null
}

/** One call of `dma_buf_invalidate_mappings()`. */
export interface Invalidate {
  event: TraceEvent
  ret: TraceEvent | null
  ino: string | null
  /** The `vfio_pci_dma_buf_move()` around it: revoking or un-revoking (KERNEL.md §3.1). */
  move: Move | null
  /** The fence wait of the exporter after it: `dma_resv_wait_timeout(BOOKKEEP)`, whatever it returned. */
  waits: { event: TraceEvent; ret: TraceEvent | null; drained: boolean }[]
}

/** The return of a call: the first one of its name in the same task about the same thing, before the next call. */
export function returnOf(trace: Trace, event: TraceEvent, keys: string[]): TraceEvent | null {
  const same = (e: TraceEvent) => e.pid === event.pid && keys.every((k) => text(e, k) === text(event, k))
  const next = (name: string) => named(trace, name).find((e) => e.seq > event.seq && same(e))
  const ret = next(`${event.name}_ret`)
  const again = next(event.name)
  return ret && !(again && again.seq < ret.seq) ? ret : null
}

export function findMoves(trace: Trace): Move[] {
  return named(trace, 'vfiodb_move').map((event) => ({
    event,
    ret: returnOf(trace, event, ['dev', 'revoked']),
    device: text(event, 'dev'),
    revoked: text(event, 'revoked') === '1',
  }))
}

export function findCleanups(trace: Trace): Cleanup[] {
  return named(trace, 'vfiodb_cleanup').map((event) => ({
    event,
    ret: returnOf(trace, event, ['dev']),
    device: text(event, 'dev'),
  }))
}

export function findInvalidates(trace: Trace, moves: Move[], buffers: Buffer[]): Invalidate[] {
  const events = named(trace, 'dbuf_inval')
  return events.map((event) => {
    const ino = text(event, 'ino')
    const ret = returnOf(trace, event, ['ino'])
    const around = moves.findLast((m) => m.event.pid === event.pid && m.event.seq < event.seq)
    const encloses = around && (around.ret ? around.ret.seq > event.seq : !mayMiss(trace, around.event.seq, event.seq))
    const next = events.find((e) => e.seq > event.seq && text(e, 'ino') === ino)?.seq ?? trace.events.length
    const resv = buffers.find((b) => b.ino === ino)?.resv ?? null
    const waits = named(trace, 'dbuf_resv_wait')
      .filter((e) => number(e, 'usage') === 3n && number(e, 'resv') === resv)
      .filter((e) => e.seq > (ret ?? event).seq && e.seq < next)
      .map((wait) => {
        const done = returnOf(trace, wait, ['resv', 'usage'])
        return { event: wait, ret: done, drained: done !== null && (number(done, 'ret') ?? 0n) > 0n }
      })
    return { event, ret, ino, move: encloses ? around : null, waits }
  })
}

/** KERNEL.md §1.5: where a buffer was revoked for good, by the close of its device or by ib_uverbs; else null. */
export function deadSince(buffer: Buffer, cleanups: Cleanup[], invalidates: Invalidate[]): Cleanup | Invalidate | null {
  if (buffer.exporter === 'ib_uverbs') return invalidates.find((i) => i.ino === buffer.ino) ?? null
  if (buffer.device === null) return null
  return (
    cleanups.find(
      (c) =>
        c.device === buffer.device &&
        buffer.exported !== null &&
        c.event.seq > buffer.exported.seq &&
        !(buffer.released && buffer.released.seq < c.event.seq),
    ) ?? null
  )
}

/** How a vfio buffer stands at a rank: since which invalidate it is revoked, `restoring` once its own un-revoke waited. */
export function revokedAt(
  ino: string,
  device: string | null,
  seq: number,
  invalidates: Invalidate[],
  moves: Move[],
): { since: Invalidate; restoring: boolean } | null {
  const since = invalidates.findLast((i) => i.ino === ino && i.move?.revoked && i.event.seq < seq)
  if (!since) return null
  const restores = moves.filter(
    (m) =>
      !m.revoked && m.device === (device ?? since.move!.device) && m.event.seq > since.event.seq && m.event.seq < seq,
  )
  if (restores.some((m) => m.ret && m.ret.seq < seq)) return null
  const inner = invalidates.filter((i) => i.ino === ino && i.move !== null && restores.includes(i.move))
  return { since, restoring: inner.some((i) => i.waits.some((w) => w.ret && w.ret.seq < seq)) }
}

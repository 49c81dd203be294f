import type { Buffer } from './buffers.ts'
import { bufferOf, clock, finding, type OracleFinding, verdict, type World } from './finding.ts'
import { named, number, type TraceEvent } from './read-trace.ts'
import { effective } from './reset-rules.ts'
import { buffersOf } from './resets.ts'
import type { Invalidate } from './revocations.ts'

/** A fence put on a reservation object. Its key is (context, seqno) mod 2^32: native events print no more (KERNEL.md §4.1). */
interface Fence {
  key: string
  added: TraceEvent
  signaled: TraceEvent | null
}

/** A fence is signalled before its event is traced, so that a waiter may return first (R14). */
const TRACED_LATE_NS = 1_000_000n

const low = (value: bigint | null) => String((value ?? -1n) & 0xffffffffn)

function fencesOf(world: World, buffer: Buffer): Fence[] {
  if (buffer.resv === null) return []
  const until = buffer.released?.seq ?? world.end
  return named(world.trace, 'dbuf_resv_add')
    .filter((e) => number(e, 'resv') === buffer.resv)
    .filter((e) => e.seq > (buffer.exported?.seq ?? -1) && e.seq < until)
    .map((added) => {
      const key = `${low(number(added, 'ctx'))}:${low(number(added, 'seqno'))}`
      const same = (e: TraceEvent) => `${low(number(e, 'context'))}:${low(number(e, 'seqno'))}` === key
      // Signalled before it was added is signalled all the same: the key is used once.
      const signaled = named(world.trace, 'dma_fence_signaled').find(same) ?? null
      return { key, added, signaled }
    })
}

/** Where the exporter went on as though access had stopped: the return of vfio's move, else the reset that follows. */
function completion(world: World, revoke: Invalidate): TraceEvent | null {
  if (revoke.move) return revoke.move.revoked ? revoke.move.ret : null
  const buffer = bufferOf(world, revoke.ino)
  if (buffer?.exporter === 'vfio_pci_core') return null
  const next = world.invalidates.find((i) => i.ino === revoke.ino && i.event.seq > revoke.event.seq)
  const starts = effective(world).flatMap((reset) =>
    buffersOf(world.trace, reset, world.buffers)
      .filter((b) => b.buffer === buffer && b.certain)
      .map((b) => b.start),
  )
  return starts.find((s) => s.seq > revoke.event.seq && s.seq < (next?.event.seq ?? world.end)) ?? null
}

/** R4: no BOOKKEEP wait returned between notified and reset or complete, while a fence of the buffer was pending. */
export function fencesNotAwaited(world: World): OracleFinding[] {
  return world.invalidates.flatMap((revoke) => {
    const done = completion(world, revoke)
    const buffer = bufferOf(world, revoke.ino)
    if (!done || !buffer) return []
    if (revoke.waits.some((w) => w.drained && w.ret!.seq < done.seq)) return []
    const pending = fencesOf(world, buffer).filter(
      (f) => f.added.seq < done.seq && !(f.signaled && f.signaled.seq < done.seq) && !waitedFor(world, f, revoke, done),
    )
    // No fence is known to have been pending, or the wait is not probed at all: nothing proves that access went on.
    const probed = world.trace.byName.has('dbuf_resv_wait')
    const certain = pending.length > 0 && probed && !shared(world, buffer)
    const from = Math.min(revoke.event.seq, ...pending.map((f) => f.added.seq))
    const of = { ino: buffer.ino, event: done }
    const why = `no fence wait since ${clock(revoke.event)}; pending: ${pending.map((f) => f.key).join(', ') || 'none known'}`
    return [finding('fences-not-awaited', 'error', verdict(world, certain, [from, done.seq]), of, why)]
  })
}

/** R4 "wait may be per-fence (dma_fence_wait*)". */
function waitedFor(world: World, fence: Fence, revoke: Invalidate, done: TraceEvent): boolean {
  return named(world.trace, 'dma_fence_wait_end').some(
    (e) =>
      e.pid === revoke.event.pid &&
      e.seq > revoke.event.seq &&
      e.seq < done.seq &&
      `${low(number(e, 'context'))}:${low(number(e, 'seqno'))}` === fence.key,
  )
}

/** A reservation object may serve several buffers (VM-private ones): then its fences may be another's. */
function shared(world: World, buffer: Buffer): boolean {
  const overlap = (b: Buffer) =>
    (b.released?.seq ?? world.end) > (buffer.exported?.seq ?? -1) &&
    (b.exported?.seq ?? -1) < (buffer.released?.seq ?? world.end)
  return world.buffers.some((b) => b !== buffer && b.resv === buffer.resv && overlap(b))
}

/** R14: a fence of the buffer, there when the importers had been notified, signalled after the revoke was done. */
export function lateFence(world: World): OracleFinding[] {
  return world.buffers.flatMap((buffer) =>
    fencesOf(world, buffer).flatMap((fence) => {
      if (!fence.signaled) return []
      const { signaled, added } = fence
      for (const revoke of world.invalidates.filter((i) => i.ino === buffer.ino)) {
        const done = doneAt(world, revoke)
        if (!done || added.seq > (revoke.ret ?? revoke.event).seq || signaled.seq < done.seq) continue
        const awaited = revoke.waits.some((w) => w.drained && w.ret!.seq < signaled.seq)
        const certain = !shared(world, buffer) && !(awaited && signaled.at - done.at <= TRACED_LATE_NS)
        const of = { ino: buffer.ino, event: signaled }
        return [
          finding('late-fence', 'error', verdict(world, certain), of, `${fence.key} signalled after ${clock(done)}`),
        ]
      }
      return []
    }),
  )
}

/** KERNEL.md §6 "RevokeEpisode": t_done is the return of vfio's move, else the later of fences and unmaps, else the reset. */
function doneAt(world: World, revoke: Invalidate): TraceEvent | null {
  const complete = completion(world, revoke)
  if (revoke.move) return complete
  const drained = revoke.waits.find((w) => w.drained)?.ret
  const mappings = world.mappings.filter((m) => m.ino === revoke.ino && (m.mapped?.seq ?? -1) < revoke.event.seq)
  const ends = mappings.map((m) => m.ended).filter((e) => e === null || e.seq > revoke.event.seq)
  if (!drained || ends.includes(null)) return complete
  return [drained, ...ends].reduce((a, b) => (a!.seq > b!.seq ? a : b)) ?? null
}

import { aliveAt, type Buffer } from './buffers.ts'
import { clock, finding, type OracleFinding, verdict, type World } from './finding.ts'
import { isError, number, type TraceEvent, text } from './read-trace.ts'
import { type Cleanup, deadSince, revokedAt } from './revocations.ts'

/**
 * The attach test of vfio takes no lock, so that an attach which passed it before the revoke may be traced after it (R3b).
 * How long after is the scheduler's choice, as the task may have been preempted in between: some slices.
 */
const ATTACH_RACE_NS = 20_000_000n

function dead(world: World, buffer: Buffer, seq: number): TraceEvent | null {
  const since = deadSince(buffer, world.cleanups, world.invalidates)
  return since?.ret && since.ret.seq < seq ? since.event : null
}

/** R3, and R13 where the revoke was for good: the exporter must refuse the map. */
export function mapsWhileRevoked(world: World): OracleFinding[] {
  return world.trace.events
    .filter((e) => e.name === 'dbuf_map' && !isError(number(e, 'sgt')))
    .flatMap((event) => {
      const buffer = world.buffers.find((b) => b.ino === text(event, 'ino'))
      if (!buffer) return []
      const of = { ino: buffer.ino, importer: text(event, 'dev'), event }
      const forever = dead(world, buffer, event.seq)
      if (forever)
        return [finding('use-after-permanent-revoke', 'error', 'violated', of, `mapped after ${clock(forever)}`)]
      return revoked(world, buffer, event.seq).map(({ since, restoring }) =>
        finding(
          'map-while-revoked',
          'critical',
          verdict(world, !restoring, [since.seq, event.seq]),
          of,
          `mapped while revoked since ${clock(since)}`,
        ),
      )
    })
}

/** R3b, and R13 where the revoke was for good. ib_uverbs has no such test at attach (KERNEL.md §2.2). */
export function attachesWhileRevoked(world: World): OracleFinding[] {
  return world.attachments.flatMap((attachment) => {
    const event = attachment.attached
    const buffer = world.buffers.find((b) => b.ino === attachment.ino)
    if (!event || buffer?.exporter !== 'vfio_pci_core') return []
    const of = { ino: buffer.ino, importer: attachment.device, event }
    const forever = dead(world, buffer, event.seq)
    if (forever)
      return [finding('use-after-permanent-revoke', 'error', 'violated', of, `attached after ${clock(forever)}`)]
    return revoked(world, buffer, event.seq).map(({ since, restoring }) =>
      finding(
        'attach-while-revoked',
        'error',
        verdict(world, !restoring && event.at - since.at > ATTACH_RACE_NS, [since.seq, event.seq]),
        of,
        `attached while revoked since ${clock(since)}`,
      ),
    )
  })
}

function revoked(world: World, buffer: Buffer, seq: number): { since: TraceEvent; restoring: boolean }[] {
  if (buffer.exporter === 'ib_uverbs') {
    const since = world.invalidates.find((i) => i.ino === buffer.ino && i.event.seq < seq)
    return since ? [{ since: since.event, restoring: false }] : []
  }
  const now = revokedAt(buffer.ino, buffer.device, seq, world.invalidates, world.moves)
  return now ? [{ since: now.since.event, restoring: now.restoring }] : []
}

/** R13: an un-revoke that reaches a buffer of a closed device; the trailing one of `pm_exit` reaches none. */
export function restoresOfTheDead(world: World): OracleFinding[] {
  return world.invalidates.flatMap((i) => {
    const buffer = world.buffers.find((b) => b.ino === i.ino)
    if (!buffer || !i.move || i.move.revoked) return []
    const since = deadSince(buffer, world.cleanups, world.invalidates)
    if (!since || !isCleanup(since) || !since.ret || since.ret.seq > i.event.seq) return []
    const of = { ino: i.ino, event: i.event }
    return [finding('use-after-permanent-revoke', 'error', 'violated', of, `un-revoked after ${clock(since.event)}`)]
  })
}

const isCleanup = (what: object): what is Cleanup => !('waits' in what)

/** Whether a vfio buffer is revoked at this rank, by an invalidate of its own or from birth (KERNEL.md §1.5). */
export function isRevoked(world: World, buffer: Buffer, seq: number): boolean {
  if (!aliveAt(buffer, seq)) return false
  if (revokedAt(buffer.ino, buffer.device, seq, world.invalidates, world.moves)) return true
  // The device's last move said "revoked": this buffer was in that state already, or born in it.
  return world.moves.findLast((m) => m.device === buffer.device && m.event.seq < seq)?.revoked === true
}

import type { Buffer } from './buffers.ts'
import { clock, finding, type OracleFinding, verdict, type World } from './finding.ts'
import { liveAt } from './mappings.ts'
import type { TraceEvent } from './read-trace.ts'
import { buffersOf, covers, failed, type Reset, startFor } from './resets.ts'
import { deadSince } from './revocations.ts'
import { isRevoked } from './revoked-rules.ts'

/** R5: a reset begins while a mapping of a buffer of that device is live. One finding per reset and mapping. */
export function resetWhileMapped(world: World): OracleFinding[] {
  return effective(world).flatMap((reset) =>
    buffersOf(world.trace, reset, world.buffers).flatMap(({ buffer, start, certain }) =>
      world.mappings
        .filter((m) => m.ino === buffer.ino && liveAt(m, start.seq))
        .map((m) => {
          const sure = certain && m.mapped !== null && m.endedBy !== 'lost'
          const judged = verdict(world, sure, [m.mapped?.seq ?? -1, start.seq])
          const of = { ino: buffer.ino, importer: m.device, event: start }
          return finding('reset-while-mapped', 'critical', judged, of, `reset at ${clock(start)} with the mapping live`)
        }),
    ),
  )
}

/**
 * R5b: no revoke before the reset though a buffer exists; a buffer revoked for good needs none. One finding per buffer.
 * It rests on no release, cleanup or move having been missed since the export.
 */
export function resetWithoutRevoke(world: World): OracleFinding[] {
  return effective(world).flatMap((reset) =>
    buffersOf(world.trace, reset, world.buffers).flatMap(({ buffer, start, certain }) => {
      if (wasRevoked(world, buffer, reset, start)) return []
      const mapped = world.mappings.some((m) => m.ino === buffer.ino && liveAt(m, start.seq))
      const judged = verdict(world, certain && buffer.exported !== null, [buffer.exported?.seq ?? -1, start.seq])
      const why = `reset at ${clock(start)} without a revoke`
      return [
        finding('reset-without-revoke', mapped ? 'error' : 'warning', judged, { ino: buffer.ino, event: start }, why),
      ]
    }),
  )
}

function wasRevoked(world: World, buffer: Buffer, reset: Reset, start: TraceEvent): boolean {
  if (buffer.device !== null) {
    const dead = deadSince(buffer, world.cleanups, world.invalidates)
    return (dead !== null && dead.event.seq < start.seq) || isRevoked(world, buffer, start.seq)
  }
  // Such an exporter does not say when it un-revokes: any invalidate since its last reset may be the revoke.
  const last = effective(world).findLast((r) => r.module === reset.module && r.first.seq < reset.first.seq)
  return world.invalidates.some(
    (i) => i.ino === buffer.ino && i.event.seq < start.seq && i.event.seq > (last?.first.seq ?? -1),
  )
}

/** R12: an un-revoke that restores a buffer inside a reset of its device, or a reset that begins inside the un-revoke. */
export function earlyRestore(world: World): OracleFinding[] {
  return effective(world).flatMap((reset) =>
    world.moves
      .filter((m) => !m.revoked && m.device !== null && covers(reset, m.device))
      .flatMap((move) => {
        const start = startFor(reset, move.device)
        const inside = move.event.seq > start.seq && move.event.seq < (reset.ret?.seq ?? world.end)
        const overlaps = start.seq > move.event.seq && start.seq < (move.ret?.seq ?? world.end)
        if (!inside && !overlaps) return []
        const certain = reset.ret !== null && move.ret !== null
        const span = [Math.min(start.seq, move.event.seq), Math.max(start.seq, move.event.seq)] as [number, number]
        return restoredBy(world, move).map((ino) =>
          finding(
            'early-restore',
            'error',
            verdict(world, certain, span),
            { ino, event: move.event },
            `reset ${clock(start)}`,
          ),
        )
      }),
  )
}

/** The buffers that a `move(0)` reaches: an invalidate of theirs is inside it. */
function restoredBy(world: World, move: World['moves'][number]): string[] {
  const inner = world.invalidates.filter((i) => i.move === move && i.ino !== null)
  return [...new Set(inner.map((i) => i.ino!))]
}

/** CONTRACT §5.9 "seen to invalidate and then reset": the exporters whose reset followed an invalidate of theirs. */
export function exportersSeenToRevoke(world: World): Set<string> {
  const seen = effective(world).flatMap((reset) =>
    buffersOf(world.trace, reset, world.buffers)
      .filter(({ buffer, start }) => world.invalidates.some((i) => i.ino === buffer.ino && i.event.seq < start.seq))
      .map(({ buffer }) => buffer.exporter),
  )
  return new Set(seen.filter((exporter) => exporter !== null))
}

/** R5: a reset that failed with -EAGAIN or -ENOTTY never touched the hardware. */
export const effective = (world: World) => world.resets.filter((reset) => !failed(reset))

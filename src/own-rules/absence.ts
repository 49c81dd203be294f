import type Database from 'better-sqlite3'
import { describeGap, FAULTS_LIMITED, type Gap } from '../domain/world/window.ts'

/** The words for a hole in a stretch of a capture, null where there is none; null bounds are the ends of the trace. */
export type HoleBetween = (capture: number, from: bigint | null, to: bigint | null) => string | null

/** By the gaps of the log: of those, faults that the kernel did not print and snapshots that lack lines hide no event. */
export function createHoles(sqlite: Database.Database): HoleBetween {
  const select = sqlite
    .prepare('SELECT id, cpu, from_ns, to_ns, lost, reason FROM gap WHERE capture = ? ORDER BY id')
    .safeIntegers()
  const known = new Map<number, Gap[]>()
  return (capture, from, to) => {
    let gaps = known.get(capture)
    if (!gaps) {
      gaps = (select.all(capture) as Row[]).filter(hidesEvents).map(toGap)
      known.set(capture, gaps)
    }
    const gap = gaps.find(
      (one) =>
        (one.from === null || to === null || one.from <= to) && (one.to === null || from === null || one.to > from),
    )
    return gap === undefined ? null : describeGap(gap)
  }
}

interface Row {
  id: bigint
  cpu: bigint | null
  from_ns: bigint | null
  to_ns: bigint | null
  lost: bigint | null
  reason: string
}

function hidesEvents({ reason }: Row): boolean {
  return reason !== FAULTS_LIMITED && !reason.startsWith('a snapshot ')
}

function toGap({ id, cpu, from_ns, to_ns, lost, reason }: Row): Gap {
  return { id: Number(id), cpu: cpu === null ? null : Number(cpu), from: from_ns, to: to_ns, lost, reason, seq: 0 }
}

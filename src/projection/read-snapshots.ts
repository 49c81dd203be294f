import type Database from 'better-sqlite3'
import type { Capture } from '../log/captures.ts'
import type { InputSpan } from '../log/read-inputs.ts'
import { readStrings } from '../log/segments.ts'
import type { Fold } from './fold.ts'
import { type FoldFactory, foldFor } from './refold.ts'
import { unpackState } from './state-codec.ts'
import type { Place } from './take-snapshots.ts'

/** Where a snapshot stands: events folded, and the time of the last of them. */
export interface SnapshotPlace {
  seq: number
  ns: bigint
  version: string
}

/** Snapshots of a capture, in order. */
export function listSnapshots(sqlite: Database.Database, capture: number): SnapshotPlace[] {
  const rows = sqlite
    .prepare('SELECT seq, ts_ns, version FROM snapshot WHERE capture = ? ORDER BY seq')
    .safeIntegers()
    .all(capture) as { seq: bigint; ts_ns: bigint; version: string }[]
  return rows.map(({ seq, ts_ns, version }) => ({ seq: Number(seq), ns: ts_ns, version }))
}

/** Where the next snapshot is counted from. */
export function lastPlace(sqlite: Database.Database, capture: number): Place {
  const seq = listSnapshots(sqlite, capture).at(-1)?.seq ?? 0
  return { seq, stored: storedBytes(sqlite, capture, seq) }
}

/** Bytes that the segments of the first `events` events take. */
export function storedBytes(sqlite: Database.Database, capture: number, events = Number.MAX_SAFE_INTEGER): number {
  return sqlite
    .prepare('SELECT coalesce(sum(length(columns) + length(text)), 0) FROM segment WHERE capture = ? AND first_seq < ?')
    .pluck()
    .get(capture, events) as number
}

export function readSnapshot(sqlite: Database.Database, capture: number, seq: number) {
  const stored = sqlite.prepare('SELECT state FROM snapshot WHERE capture = ? AND seq = ?').pluck().get(capture, seq)
  return unpackState(stored as Buffer)
}

/** What a fold that is not begun at the first event needs to know. */
export interface TakenUp {
  fold: Fold
  /** Events that it has been fed. */
  seq: number
}

/**
 * A fold of the capture as it was at the latest usable snapshot not after `at` (null: the latest of all), else a fresh
 * one. A snapshot of another version is of no use, nor one of a capture whose times ran backwards since and which is not
 * yet sorted.
 */
export function takeUpFold(
  sqlite: Database.Database,
  capture: Capture,
  at: bigint | null,
  how: { version: string; createFold: FoldFactory; inputs: readonly InputSpan[] },
): TakenUp {
  const usable = capture.ordered || capture.complete
  const places = usable ? listSnapshots(sqlite, capture.capture) : []
  for (const { seq, ns, version } of places.reverse()) {
    if (version !== how.version || (at !== null && ns > at)) continue
    const state = readSnapshot(sqlite, capture.capture, seq)
    if (state === null) continue
    const from = { state, strings: readStrings(sqlite, capture.capture) }
    return { fold: foldFor(capture, how.createFold, how.inputs, from), seq }
  }
  return { fold: foldFor(capture, how.createFold, how.inputs), seq: 0 }
}

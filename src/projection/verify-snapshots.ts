import { isDeepStrictEqual } from 'node:util'
import type Database from 'better-sqlite3'
import type { Fold } from './fold.ts'
import { listSnapshots, readSnapshot } from './read-snapshots.ts'
import { rowsOf } from './state/state-at.ts'

export interface SnapshotCheck {
  /** To be asked behind every batch of a fresh replay. */
  onFed(fold: Fold, seq: number): void
  /** In words; empty where every snapshot tells what the replay told at its place. */
  problems(): string[]
}

/**
 * Compares what a capture's snapshots tell of their moment with a fresh replay. Bytes are not compared: the same state
 * can be serialised in several ways. Those of another version are never used, and may say what they like.
 */
export function checkSnapshots(sqlite: Database.Database, capture: number, version: string): SnapshotCheck {
  const left = new Set(
    listSnapshots(sqlite, capture)
      .filter((place) => place.version === version)
      .map(({ seq }) => seq),
  )
  const found: string[] = []
  return {
    onFed(fold, seq) {
      if (!left.delete(seq)) return
      const kept = readSnapshot(sqlite, capture, seq)
      const fresh = fold.state()
      if (kept === null) found.push(`snapshot ${seq} cannot be read; run revenant rebuild`)
      else if (
        kept.last !== fresh.last ||
        !isDeepStrictEqual(kept.world.counts, fresh.world.counts) ||
        !isDeepStrictEqual(rowsOf(kept.world), rowsOf(fresh.world))
      )
        found.push(`snapshot ${seq} tells another state than a fresh replay; run revenant rebuild`)
    },
    problems: () => [...found, ...[...left].map((seq) => `snapshot ${seq} should not be there; run revenant rebuild`)],
  }
}

import type { Fold } from './fold.ts'
import { packState } from './state-codec.ts'
import type { Snapshot } from './store.ts'

/** When the state of a fold is put away. */
export interface SnapshotPolicy {
  /** Not before so many events after the last one. */
  events: number
  /** Not where it would take more than this part of what the log itself took since the last one. */
  share: number
}

/**
 * 500,000 events are eight full segments and two seconds of folding; putting a state away takes some 60 ms, and 0.5 MB
 * where a trace is busy: see docs/performance.md. A state that is large beside its log is put away less often.
 */
export const SNAPSHOT_POLICY: SnapshotPolicy = { events: 500_000, share: 0.1 }

/** How far a fold has come: events fed, and bytes that they take in the log. */
export interface Place {
  seq: number
  stored: number
}

export type Snapshotter = (fold: Fold, place: Place) => Snapshot | null

/** Asked behind every batch; `last` is the place of the latest snapshot, or of the beginning. */
export function createSnapshotter(version: string, policy = SNAPSHOT_POLICY, last: Place = START): Snapshotter {
  let tried = last.seq
  return (fold, place) => {
    if (place.seq - tried < policy.events) return null
    tried = place.seq
    const state = fold.state()
    if (state.last === null) return null
    const packed = packState(state)
    if (packed.length > policy.share * (place.stored - last.stored)) return null
    last = place
    return { seq: place.seq, ns: state.last, version, packed }
  }
}

const START: Place = { seq: 0, stored: 0 }

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
 * 524,288 events are two seconds of folding, and a state of 0.5 MB after 60 ms of packing: see docs/performance.md. A
 * state that grows faster than the log is put away less often, so that the database grows by a twentieth at most.
 */
export const SNAPSHOT_POLICY: SnapshotPolicy = { events: 524_288, share: 0.05 }

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

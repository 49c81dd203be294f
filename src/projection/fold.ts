import type { Changes } from '../domain/read-model.ts'
import type { RecordBatch } from '../domain/record.ts'

/** Changes whenever the same log would give other read models: older ones are then rebuilt. */
export const FOLD_VERSION = '1'

export interface FoldOptions {
  /** Timestamps are ticks of an unknown unit, so no duration can be judged. */
  ticks: boolean
  /** The capture's parsed `options`. */
  options: unknown
}

/** Folds the events of one capture, in time order, into read models and findings. */
export interface Fold {
  /** `firstSeq` is the number, in the capture, of the batch's first event. */
  feed(batch: RecordBatch, firstSeq: number): Changes
  /** Judges what only the end of the capture can tell. */
  finish(): Changes
  /** The tier of evidence (T0…T3, KERNEL.md §6) that the events seen so far amount to. */
  tier(): string | null
}

export function createFold(_options: FoldOptions): Fold {
  throw new Error('not built yet')
}

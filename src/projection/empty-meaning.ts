import type { MeaningBatch } from '../domain/read-model.ts'

/** So many events from `firstSeq` on that mean nothing yet. */
export function emptyMeaning(firstSeq: number, count: number): MeaningBatch {
  return {
    firstSeq,
    count,
    type: new Uint8Array(count),
    buffer: new Int32Array(count).fill(-1),
    attachment: new Int32Array(count).fill(-1),
    device: new Int32Array(count).fill(-1),
  }
}

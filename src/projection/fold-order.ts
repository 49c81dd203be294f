import type Database from 'better-sqlite3'
import type { RecordBatch } from '../domain/record.ts'
import type { Capture } from '../log/captures.ts'
import { readOrdered } from '../log/read-ordered.ts'
import { listSegments, readBatch, readStrings } from '../log/segments.ts'

/** A batch as a fold is fed it. */
export interface FoldBatch {
  batch: RecordBatch
  /** How many events were fed before it. */
  firstSeq: number
  /** Event numbers in the capture, where they are not those of the feeding. */
  seqs: Uint32Array | null
  /** Bytes that all events up to its end take in the log; of a sorted capture, their part of the whole. */
  stored: number
}

export interface FoldPart {
  /** Leaves out so many of the first events: up to a place between two batches. */
  from?: number | undefined
  /** May leave out batches that begin after this time. */
  until?: bigint
}

/** The log of a capture in the order in which it is judged. */
export function* inFoldOrder(log: Database.Database, capture: Capture, part: FoldPart = {}): Generator<FoldBatch> {
  const { from = 0, until } = part
  const segments = listSegments(log, { capture: capture.capture })
  const size = log.prepare('SELECT length(columns) + length(text) FROM segment WHERE segment = ?').pluck()
  if (!capture.ordered) {
    const whole = segments.reduce((sum, { segment }) => sum + (size.get(segment) as number), 0)
    let fed = from
    for (const { batch, seqs } of readOrdered(log, capture.capture, { skip: from })) {
      const firstSeq = fed
      fed += batch.count
      yield { batch, firstSeq, seqs, stored: (whole * fed) / capture.events }
    }
    return
  }
  const strings = readStrings(log, capture.capture)
  let stored = 0
  for (const segment of segments) {
    stored += size.get(segment.segment) as number
    // Behind a snapshot there were events: a segment without any that begins at its place comes after it.
    if (segment.firstSeq < from) continue
    if (until !== undefined && segment.firstNs !== null && segment.firstNs > until) return
    yield { batch: readBatch(log, segment, strings), firstSeq: segment.firstSeq, seqs: null, stored }
  }
}

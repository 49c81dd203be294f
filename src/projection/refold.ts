import type Database from 'better-sqlite3'
import type { MeaningBatch } from '../domain/read-model.ts'
import type { Capture } from '../log/captures.ts'
import type { InputSpan } from '../log/read-inputs.ts'
import { readCapture } from '../log/read-log.ts'
import { readOrdered } from '../log/read-ordered.ts'
import { listSegments } from '../log/segments.ts'
import type { createFold, Fold } from './fold.ts'
import { packMeaningSync } from './meaning-codec.ts'
import { createPositions, inLogOrder } from './numbering.ts'
import type { Store } from './store.ts'

export type FoldFactory = typeof createFold

/** A fold as its capture wants it; `inputs` are of no use while it is folded in the order of its lines. */
export function foldFor(
  { ticks, ordered, options }: Pick<Capture, 'ticks' | 'options' | 'ordered'>,
  createFold: FoldFactory,
  inputs: readonly InputSpan[],
): Fold {
  return createFold({ ticks, sorted: !ordered, inputs, options })
}

/**
 * Feeds the log of a capture to a fresh fold, sorted where its times ran backwards. What the fold hands over goes to
 * `store`, or nowhere where it is null. `finish` judges the end of the capture too.
 */
export function refold(
  log: Database.Database,
  capture: Capture,
  fold: Fold,
  store: Store | null,
  finish: boolean,
): void {
  if (capture.ordered) refoldInOrder(log, capture, fold, store, finish)
  else refoldSorted(log, capture, fold, store, finish)
}

function refoldInOrder(
  log: Database.Database,
  capture: Capture,
  fold: Fold,
  store: Store | null,
  finish: boolean,
): void {
  const numbering = inLogOrder(createPositions(listSegments(log, { capture: capture.capture })))
  for (const { batch, segment } of readCapture(log, capture.capture)) {
    const changes = fold.feed(batch, segment.firstSeq)
    store?.write(changes, numbering)
    if (changes.meaning) store?.writeMeaning(changes.meaning, packMeaningSync(changes.meaning))
  }
  if (finish) {
    const changes = fold.finish()
    store?.write(changes, numbering)
  }
}

/** The fold counts events as it is fed: `seqs` leads back to their numbers in the log. 17 bytes an event of memory. */
function refoldSorted(
  log: Database.Database,
  capture: Capture,
  fold: Fold,
  store: Store | null,
  finish: boolean,
): void {
  const segments = listSegments(log, { capture: capture.capture })
  const seqs = new Uint32Array(capture.events)
  const meaning = emptyMeaning(capture.events)
  const numbering = { seqOf: (n: number) => seqs[n]!, positionOf: createPositions(segments) }
  let fed = 0
  for (const { batch, seqs: part } of readOrdered(log, capture.capture)) {
    seqs.set(part, fed)
    const changes = fold.feed(batch, fed)
    fed += batch.count
    store?.write(changes, numbering)
    if (changes.meaning) scatter(changes.meaning, seqs, meaning)
  }
  if (finish) {
    const changes = fold.finish()
    store?.write(changes, numbering)
  }
  for (const { firstSeq, events: count } of segments) {
    const part = <T extends Uint8Array | Int32Array>(values: T) => values.subarray(firstSeq, firstSeq + count) as T
    const batch: MeaningBatch = {
      firstSeq,
      count,
      type: part(meaning.type),
      buffer: part(meaning.buffer),
      attachment: part(meaning.attachment),
      device: part(meaning.device),
    }
    store?.writeMeaning(batch, packMeaningSync(batch))
  }
}

function emptyMeaning(count: number): MeaningBatch {
  const none = () => new Int32Array(count).fill(-1)
  return { firstSeq: 0, count, type: new Uint8Array(count), buffer: none(), attachment: none(), device: none() }
}

function scatter(from: MeaningBatch, seqs: Uint32Array, to: MeaningBatch): void {
  for (let i = 0; i < from.count; i++) {
    const seq = seqs[from.firstSeq + i]!
    to.type[seq] = from.type[i]!
    to.buffer[seq] = from.buffer[i]!
    to.attachment[seq] = from.attachment[i]!
    to.device[seq] = from.device[i]!
  }
}

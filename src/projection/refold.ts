import type Database from 'better-sqlite3'
import type { MeaningBatch } from '../domain/read-model.ts'
import type { Capture } from '../log/captures.ts'
import type { InputSpan } from '../log/read-inputs.ts'
import { listSegments } from '../log/segments.ts'
import { emptyMeaning } from './empty-meaning.ts'
import type { createFold, Fold, FoldOptions } from './fold.ts'
import { inFoldOrder } from './fold-order.ts'
import { packMeaningSync } from './meaning-codec.ts'
import { createPositions, inLogOrder } from './numbering.ts'
import type { Store } from './store.ts'
import type { Place } from './take-snapshots.ts'

export type FoldFactory = typeof createFold

/** A fold as its capture wants it; `inputs` are of no use while it is folded in the order of its lines. */
export function foldFor(
  { ticks, kernel, ordered, options }: Pick<Capture, 'ticks' | 'kernel' | 'options' | 'ordered'>,
  createFold: FoldFactory,
  inputs: readonly InputSpan[],
  from?: FoldOptions['from'],
): Fold {
  return createFold({ ticks, kernel, sorted: !ordered, inputs, options, from })
}

export interface RefoldOptions {
  /** Where what the fold hands over goes; nowhere where it is null. */
  store: Store | null
  /** Judge the end of the capture too. */
  finish: boolean
  /** So many events the fold has been fed before; only without a store. */
  from?: number | undefined
  /** Called behind each batch. */
  onFed?: (place: Place) => void
}

/** Feeds the log of a capture to a fold, sorted where its times ran backwards. */
export function refold(log: Database.Database, capture: Capture, fold: Fold, options: RefoldOptions): void {
  if (capture.ordered) refoldInOrder(log, capture, fold, options)
  else refoldSorted(log, capture, fold, options)
}

function refoldInOrder(log: Database.Database, capture: Capture, fold: Fold, options: RefoldOptions): void {
  const { store, finish, from, onFed } = options
  const numbering = inLogOrder(createPositions(listSegments(log, { capture: capture.capture })))
  for (const { batch, firstSeq, stored } of inFoldOrder(log, capture, { from })) {
    const changes = fold.feed(batch, firstSeq)
    store?.write(changes, numbering)
    if (changes.meaning) store?.writeMeaning(changes.meaning, packMeaningSync(changes.meaning))
    onFed?.({ seq: firstSeq + batch.count, stored })
  }
  if (finish) {
    const changes = fold.finish()
    store?.write(changes, numbering)
  }
}

/** The fold counts events as it is fed: `seqs` leads back to their numbers in the log. 17 bytes an event of memory. */
function refoldSorted(log: Database.Database, capture: Capture, fold: Fold, options: RefoldOptions): void {
  const { store, finish, from, onFed } = options
  const segments = listSegments(log, { capture: capture.capture })
  const seqs = new Uint32Array(capture.events)
  const meaning = emptyMeaning(0, capture.events)
  const numbering = { seqOf: (n: number) => seqs[n]!, positionOf: createPositions(segments) }
  for (const { batch, firstSeq, seqs: part, stored } of inFoldOrder(log, capture, { from })) {
    seqs.set(part!, firstSeq)
    const changes = fold.feed(batch, firstSeq)
    store?.write(changes, numbering)
    if (changes.meaning) scatter(changes.meaning, seqs, meaning)
    onFed?.({ seq: firstSeq + batch.count, stored })
  }
  if (finish) {
    const changes = fold.finish()
    store?.write(changes, numbering)
  }
  if (store === null) return
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
    store.writeMeaning(batch, packMeaningSync(batch))
  }
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

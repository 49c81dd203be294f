import { inputBytes, LineKind, type RecordBatch } from '../domain/record.ts'
import { encodeNotes } from './notes.ts'

/** What the log's rows say of a batch, apart from its lines and columns; holds nothing of the batch's memory. */
export interface BatchSummary {
  firstLine: number
  lines: number
  events: number
  ignored: number
  malformed: number
  structural: number
  /** Bytes of content it stands for: more than it holds where an overlong line was cut. */
  bytes: number
  lost: bigint
  /** JSON, see `encodeNotes`. */
  notes: string
  firstString: number
  strings: string[]
}

export function summarise(batch: RecordBatch): BatchSummary {
  const byKind = new Uint32Array(4)
  for (let i = 0; i < batch.lineCount; i++) byKind[batch.lineKind[i]!]!++
  if (byKind[LineKind.event] !== batch.count)
    throw new RangeError(`${batch.count} events in ${byKind[LineKind.event]} event lines`)
  return {
    firstLine: batch.firstLine,
    lines: batch.lineCount,
    events: batch.count,
    ignored: byKind[LineKind.ignored]!,
    malformed: byKind[LineKind.malformed]!,
    structural: byKind[LineKind.structural]!,
    bytes: inputBytes(batch),
    lost: knownLost(batch),
    notes: encodeNotes(batch.notes),
    firstString: batch.firstString,
    strings: batch.strings,
  }
}

/** CONTRACT §5.18: what loss markers count, and entries written that were no longer in the buffer. */
function knownLost(batch: RecordBatch): bigint {
  let lost = 0n
  for (const note of batch.notes) {
    if (note.kind === 'lost') lost += note.lost ?? 0n
    if (note.kind === 'entries' && note.written > note.inBuffer) lost += note.written - note.inBuffer
  }
  return lost
}

export interface TimeRange {
  /** Earliest and latest time of the batch; null without events. */
  first: bigint | null
  last: bigint | null
  /** False where a time is less than the one before it, the last one before the batch included. */
  ordered: boolean
}

/** Compares times as pairs of words: a BigInt an event would cost more than everything else done to it here. */
export function timeRange(batch: RecordBatch, before: bigint | null): TimeRange {
  const { time, count } = batch
  if (count === 0) return { first: null, last: null, ordered: true }
  const words = new Uint32Array(time.buffer, time.byteOffset, count * 2)
  let ordered = before === null || before <= time[0]!
  let first = 0
  let last = 0
  for (let i = 1; i < count; i++) {
    if (isLess(words, i, i - 1)) ordered = false
    if (isLess(words, i, first)) first = i
    if (!isLess(words, i, last)) last = i
  }
  return { first: time[first]!, last: time[last]!, ordered }
}

/** Whether time `a` is less than time `b`: high words are signed, low ones are not. */
export function isLess(words: Uint32Array, a: number, b: number): boolean {
  const highA = words[a * 2 + 1]! | 0
  const highB = words[b * 2 + 1]! | 0
  return highA < highB || (highA === highB && words[a * 2]! < words[b * 2]!)
}

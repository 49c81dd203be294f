import type Database from 'better-sqlite3'
import type { Note, RecordBatch } from '../domain/record.ts'
import { decodeNotes } from './notes.ts'
import type { SegmentColumns } from './segment-codec.ts'
import { listSegments, readColumns, readStrings, readText, type Segment } from './segments.ts'
import { createTextCache } from './text-cache.ts'
import { createTimeMerge, type TimedRun } from './time-merge.ts'

export interface OrderedBatch {
  /**
   * Events in the order of time, those of one time in the order of their lines. `line` counts from the capture's first
   * line, `bytes` holds their payloads only, and there are no lines: `lineCount` is 0.
   */
  batch: RecordBatch
  /** Event number in the capture of each event of the batch. */
  seqs: Uint32Array
}

export interface OrderedOptions {
  /** Events a batch. Default 65,536. */
  batchEvents?: number
  /** Unpacked text kept at hand, in bytes. Default 128 MiB; less costs time, not correctness. */
  textBytes?: number
  /** So many of the first events are left out. */
  skip?: number
}

interface Cursor extends TimedRun {
  segment: Segment
  columns: SegmentColumns
}

/**
 * A capture whose times ran backwards, sorted. Each segment is sorted by itself and they are merged; the columns in
 * memory are those of the segments that overlap in time at the place reached, as many as there were CPUs, say.
 */
export function* readOrdered(
  sqlite: Database.Database,
  capture: number,
  options: OrderedOptions = {},
): Generator<OrderedBatch> {
  const batchEvents = options.batchEvents ?? 65_536
  const segments = listSegments(sqlite, { capture })
  const textOf = createTextCache(options.textBytes ?? 128 * 1024 * 1024, (segment) => readText(sqlite, segment))
  const notes = notesByEvent(sqlite, segments)
  const strings = readStrings(sqlite, capture)
  const next = createTimeMerge<Cursor>(
    segments
      .filter((segment) => segment.events > 0)
      .map((segment) => ({
        firstNs: segment.firstNs!,
        firstSeq: segment.firstSeq,
        open: () => {
          const columns = readColumns(sqlite, segment)
          return { segment, columns, time: columns.time, firstSeq: segment.firstSeq }
        },
      })),
  )
  const total = segments.reduce((sum, segment) => sum + segment.events, 0)
  const cursors: Cursor[] = []
  const indexes = new Uint32Array(batchEvents)
  const skip = Math.min(options.skip ?? 0, total)
  for (let done = 0; done < skip; done++) next()
  for (let done = skip; done < total; ) {
    const count = Math.min(batchEvents, total - done)
    for (let i = 0; i < count; i++) {
      const { run, index } = next()!
      cursors[i] = run
      indexes[i] = index
    }
    const ordered = gather(cursors, indexes, count, textOf)
    if (done === skip) ordered.batch.strings = strings
    else ordered.batch.firstString = strings.length
    done += count
    placeNotes(ordered, notes, done === total ? total : -1)
    yield ordered
  }
}

function gather(
  cursors: Cursor[],
  indexes: Uint32Array,
  count: number,
  textOf: (segment: Segment) => Buffer,
): OrderedBatch {
  const batch = emptyBatch(count)
  const seqs = new Uint32Array(count)
  const members = new Map<Cursor, number[]>()
  let size = 0
  for (let i = 0; i < count; i++) {
    const { columns, segment } = cursors[i]!
    const from = indexes[i]!
    seqs[i] = segment.firstSeq + from
    batch.line[i] = segment.firstLine - 1 + columns.line[from]!
    batch.time[i] = columns.time[from]!
    batch.cpu[i] = columns.cpu[from]!
    batch.pid[i] = columns.pid[from]!
    batch.tgid[i] = columns.tgid[from]!
    batch.comm[i] = columns.comm[from]!
    batch.name[i] = columns.name[from]!
    batch.payloadStart[i] = size
    size += columns.payloadEnd[from]! - columns.payloadStart[from]!
    batch.payloadEnd[i] = size
    const mine = members.get(cursors[i]!)
    if (mine) mine.push(i)
    else members.set(cursors[i]!, [i])
  }
  batch.bytes = Buffer.allocUnsafe(size)
  // One segment after the other, so that each text is unpacked once a batch at most.
  for (const [{ segment, columns }, mine] of members) {
    const text = textOf(segment)
    for (const i of mine) {
      const from = indexes[i]!
      text.copy(batch.bytes, batch.payloadStart[i]!, columns.payloadStart[from]!, columns.payloadEnd[from]!)
    }
  }
  return { batch, seqs }
}

function emptyBatch(count: number): RecordBatch {
  return {
    bytes: Buffer.alloc(0),
    firstLine: 1,
    lineCount: 0,
    lineStart: new Uint32Array(1),
    lineKind: new Uint8Array(0),
    count,
    line: new Uint32Array(count),
    time: new BigInt64Array(count),
    cpu: new Int32Array(count),
    pid: new Int32Array(count),
    tgid: new Int32Array(count),
    comm: new Uint32Array(count),
    name: new Uint32Array(count),
    payloadStart: new Uint32Array(count),
    payloadEnd: new Uint32Array(count),
    firstString: 0,
    strings: [],
    notes: [],
  }
}

/** Notes by the number of the event that follows them in the trace; they go with it. */
function notesByEvent(sqlite: Database.Database, segments: Segment[]): Map<number, Note[]> {
  const found = new Map<number, Note[]>()
  const select = sqlite.prepare('SELECT notes FROM segment WHERE segment = ?').pluck()
  for (const segment of segments) {
    for (const note of decodeNotes(select.get(segment.segment) as string)) {
      const seq = segment.firstSeq + note.beforeEvent
      found.set(seq, [...(found.get(seq) ?? []), note])
    }
  }
  return found
}

function placeNotes({ batch, seqs }: OrderedBatch, notes: Map<number, Note[]>, end: number): void {
  if (notes.size === 0) return
  for (const [beforeEvent, seq] of seqs.entries())
    for (const note of notes.get(seq) ?? []) batch.notes.push({ ...note, beforeEvent })
  for (const note of notes.get(end) ?? []) batch.notes.push({ ...note, beforeEvent: batch.count })
}

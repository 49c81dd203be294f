import type Database from 'better-sqlite3'
import type { RecordBatch } from '../domain/record.ts'
import { decodeNotes } from './notes.ts'
import { type SegmentColumns, unpackColumns } from './segment-codec.ts'
import { unzstd } from './zstd.ts'

/** A segment's row without its blobs. `firstSeq` counts from 0, `firstPosition` and `firstLine` from 1. */
export interface Segment {
  /** Row id, in the order of commits. */
  segment: number
  capture: number
  number: number
  firstPosition: number
  firstSeq: number
  events: number
  firstLine: number
  lines: number
  firstByte: number
  bytes: number
  /** Earliest and latest time; null without events. */
  firstNs: bigint | null
  lastNs: bigint | null
}

export interface SegmentFilter {
  capture?: number
  /** Only segments with events at or after this position. */
  fromPosition?: number
}

const FIELDS = `segment, capture, number, first_position, first_seq, events, first_line, lines, first_byte, bytes, first_ns, last_ns`

/** Segments in the order of positions; within a capture that is the order of its lines. */
export function listSegments(sqlite: Database.Database, filter: SegmentFilter = {}): Segment[] {
  const rows = sqlite
    .prepare(
      `SELECT ${FIELDS} FROM segment
       WHERE (?1 IS NULL OR capture = ?1) AND first_position + events > ?2 ORDER BY segment`,
    )
    .raw()
    .safeIntegers()
    .all({ 1: filter.capture ?? null, 2: filter.fromPosition ?? 0 })
  return (rows as bigint[][]).map((row) => ({
    segment: Number(row[0]),
    capture: Number(row[1]),
    number: Number(row[2]),
    firstPosition: Number(row[3]),
    firstSeq: Number(row[4]),
    events: Number(row[5]),
    firstLine: Number(row[6]),
    lines: Number(row[7]),
    firstByte: Number(row[8]),
    bytes: Number(row[9]),
    firstNs: row[10] ?? null,
    lastNs: row[11] ?? null,
  }))
}

/** The event columns of a segment; its text is not touched. */
export function readColumns(sqlite: Database.Database, segment: Segment): SegmentColumns {
  return unpackColumns(blob(sqlite, 'columns', segment))
}

/** The lines of a segment, as read, and what stands behind them. `length` in bytes where the columns are known, as a check. */
export function readText(sqlite: Database.Database, segment: Segment, length?: number): Buffer {
  return unzstd(blob(sqlite, 'text', segment), length)
}

/** The blobs of a segment as stored, for those who unpack on the thread pool. */
export function blob(sqlite: Database.Database, column: 'columns' | 'text', segment: Segment): Buffer {
  return sqlite.prepare(`SELECT ${column} FROM segment WHERE segment = ?`).pluck().get(segment.segment) as Buffer
}

/** Time of a capture's last event; null without events. */
export function lastTime(sqlite: Database.Database, capture: number): bigint | null {
  const last = listSegments(sqlite, { capture }).findLast((segment) => segment.events > 0)
  return last === undefined ? null : readColumns(sqlite, last).time.at(-1)!
}

/** The dictionary of a capture: index is id. */
export function readStrings(sqlite: Database.Database, capture: number): string[] {
  return sqlite.prepare('SELECT text FROM string WHERE capture = ? ORDER BY id').pluck().all(capture) as string[]
}

/** A segment as the batch it was made from. `strings` is the capture's dictionary. */
export function readBatch(sqlite: Database.Database, segment: Segment, strings: string[]): RecordBatch {
  const columns = readColumns(sqlite, segment)
  const bytes = readText(sqlite, segment, columns.textBytes)
  return joinBatch(sqlite, segment, strings, columns, bytes)
}

export function joinBatch(
  sqlite: Database.Database,
  segment: Segment,
  strings: string[],
  columns: SegmentColumns,
  bytes: Buffer,
): RecordBatch {
  const notes = sqlite.prepare('SELECT notes FROM segment WHERE segment = ?').pluck().get(segment.segment) as string
  const { stringCount, textBytes, ...rest } = columns
  return {
    ...rest,
    bytes,
    firstLine: segment.firstLine,
    strings: strings.slice(rest.firstString, rest.firstString + stringCount),
    notes: decodeNotes(notes),
  }
}

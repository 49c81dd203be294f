/** Reading the log back: whole captures in batches, single lines, single events. All of it works on a reader's connection. */
import type Database from 'better-sqlite3'
import type { RecordBatch } from '../domain/record.ts'
import { lineEnd, textOf } from './line-text.ts'
import { listSegments, readBatch, readColumns, readStrings, readText, type Segment } from './segments.ts'

export { blob, listSegments, readColumns, readStrings, readText, type Segment } from './segments.ts'

export interface StoredBatch {
  batch: RecordBatch
  segment: Segment
}

/** The batches a capture was appended in, in order; one is in memory at a time. */
export function* readCapture(sqlite: Database.Database, capture: number): Generator<StoredBatch> {
  const strings = readStrings(sqlite, capture)
  for (const segment of listSegments(sqlite, { capture })) yield { batch: readBatch(sqlite, segment, strings), segment }
}

/** Lines of a capture by their 1-based numbers, without terminators. A number it does not have is not in the answer. */
export function linesAt(
  sqlite: Database.Database,
  capture: number,
  lineNumbers: Iterable<number>,
): Map<number, string> {
  const found = new Map<number, string>()
  const wanted = [...new Set(lineNumbers)].sort((a, b) => a - b)
  for (const [segment, lines] of perSegment(listSegments(sqlite, { capture }), wanted, (s) => [s.firstLine, s.lines])) {
    const { lineStart, textBytes } = readColumns(sqlite, segment)
    const bytes = readText(sqlite, segment, textBytes)
    for (const line of lines) {
      const start = lineStart[line - segment.firstLine]!
      found.set(line, textOf(bytes, start, lineEnd(bytes, start, lineStart[line - segment.firstLine + 1]!)))
    }
  }
  return found
}

/** One event of the log as traced; `ts` in nanoseconds of its capture's clock, `null` where the trace does not say. */
export interface LoggedEvent {
  position: number
  capture: number
  /** 0-based number of the event in its capture. */
  seq: number
  /** 1-based line number in its capture. */
  line: number
  ts: bigint
  cpu: number | null
  comm: string
  pid: number | null
  tgid: number | null
  name: string
  payload: string
}

/** Events by position, in the order of positions. A position the log does not have is not in the answer. */
export function eventsAt(sqlite: Database.Database, positions: Iterable<number>): LoggedEvent[] {
  const wanted = [...new Set(positions)].sort((a, b) => a - b)
  if (wanted.length === 0) return []
  const dictionaries = new Map<number, string[]>()
  const events: LoggedEvent[] = []
  const segments = listSegments(sqlite, { fromPosition: wanted[0]! })
  for (const [segment, here] of perSegment(segments, wanted, (s) => [s.firstPosition, s.events])) {
    const { capture } = segment
    const strings = dictionaries.get(capture) ?? readStrings(sqlite, capture)
    dictionaries.set(capture, strings)
    const columns = readColumns(sqlite, segment)
    const bytes = readText(sqlite, segment, columns.textBytes)
    const known = (value: number) => (value < 0 ? null : value)
    for (const position of here) {
      const i = position - segment.firstPosition
      events.push({
        position,
        capture,
        seq: segment.firstSeq + i,
        line: segment.firstLine + columns.line[i]!,
        ts: columns.time[i]!,
        cpu: known(columns.cpu[i]!),
        comm: strings[columns.comm[i]!] ?? '',
        pid: known(columns.pid[i]!),
        tgid: known(columns.tgid[i]!),
        name: strings[columns.name[i]!]!,
        payload: textOf(bytes, columns.payloadStart[i]!, columns.payloadEnd[i]!),
      })
    }
  }
  return events
}

/** Shares out sorted `wanted` numbers among segments; those without any are left out. */
function* perSegment(
  segments: Segment[],
  wanted: number[],
  range: (segment: Segment) => [first: number, count: number],
): Generator<[Segment, number[]]> {
  let next = 0
  for (const segment of segments) {
    const [first, count] = range(segment)
    while (next < wanted.length && wanted[next]! < first) next++
    const from = next
    while (next < wanted.length && wanted[next]! < first + count) next++
    if (next > from) yield [segment, wanted.slice(from, next)]
  }
}

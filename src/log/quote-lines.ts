import type Database from 'better-sqlite3'
import { lineEnd, textOf } from './line-text.ts'
import { listSegments, readColumns, readText, type Segment } from './segments.ts'

/** The line that an event of the log was traced as. */
export interface QuotedLine {
  capture: number
  /** 1-based number of the line in its capture. */
  line: number
  /** Time of the event, nanoseconds of the capture's clock, or ticks. */
  ns: bigint
  /** Without its terminator. */
  text: string
}

/** Lines of events by log position; each segment is unpacked once. A position the log does not have is not in the answer. */
export function quoteLines(sqlite: Database.Database, positions: Iterable<number>): Map<number, QuotedLine> {
  const quotes = new Map<number, QuotedLine>()
  const wanted = [...new Set(positions)].sort((a, b) => a - b)
  if (wanted.length === 0) return quotes
  let next = 0
  for (const segment of listSegments(sqlite, { fromPosition: wanted[0]! })) {
    const here: number[] = []
    for (; next < wanted.length && wanted[next]! < segment.firstPosition + segment.events; next++)
      if (wanted[next]! >= segment.firstPosition) here.push(wanted[next]!)
    if (here.length > 0) quoteFrom(sqlite, segment, here, quotes)
    if (next === wanted.length) break
  }
  return quotes
}

function quoteFrom(sqlite: Database.Database, segment: Segment, here: number[], quotes: Map<number, QuotedLine>): void {
  const { line, lineStart, textBytes, time } = readColumns(sqlite, segment)
  const bytes = readText(sqlite, segment, textBytes)
  for (const position of here) {
    const at = line[position - segment.firstPosition]!
    const start = lineStart[at]!
    const text = textOf(bytes, start, lineEnd(bytes, start, lineStart[at + 1]!))
    quotes.set(position, {
      capture: segment.capture,
      line: segment.firstLine + at,
      ns: time[position - segment.firstPosition]!,
      text,
    })
  }
}

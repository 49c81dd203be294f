import type Database from 'better-sqlite3'
import { decodeNotes } from './notes.ts'
import { listSegments } from './segments.ts'

/** A run of lines that come from one input of a merged capture; the next span ends it. */
export interface InputSpan {
  /** 1-based number of its first line in the capture. */
  line: number
  input: number
  /** Earliest and latest time of the segments that lie in it; null without any. */
  first: bigint | null
  last: bigint | null
}

/** The inputs that a capture was merged from, in the order of its lines; none where it is one file. */
export function readInputs(sqlite: Database.Database, capture: number): InputSpan[] {
  const spans: InputSpan[] = []
  const select = sqlite.prepare('SELECT notes FROM segment WHERE segment = ?').pluck()
  for (const segment of listSegments(sqlite, { capture })) {
    for (const note of decodeNotes(select.get(segment.segment) as string))
      if (note.kind === 'input') spans.push({ line: note.line, input: note.input, first: null, last: null })
    const span = spans.at(-1)
    if (span === undefined || span.line > segment.firstLine + segment.lines - 1 || segment.firstNs === null) continue
    if (span.first === null || segment.firstNs < span.first) span.first = segment.firstNs
    if (span.last === null || segment.lastNs! > span.last) span.last = segment.lastNs
  }
  return spans
}

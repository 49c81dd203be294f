import type Database from 'better-sqlite3'
import type { GapRow } from '../domain/read-model.ts'
import { type Note, UNKNOWN } from '../domain/record.ts'
import { decodeNotes } from '../log/notes.ts'
import { linesAt, listSegments, readColumns, type Segment } from '../log/read-log.ts'

/** A line at a gap: of the event before it, of what marks it in the trace, or of the event after it. */
export interface GapLine {
  role: 'before' | 'mark' | 'after'
  /** 1-based number of the line in its capture. */
  line: number
  text: string
}

type Place = Omit<GapLine, 'text'>

/** Notes of what lies in a trace where events are missing. */
const MARKS: ReadonlySet<Note['kind']> = new Set([
  'lost',
  'buffer-started',
  'entries',
  'cut',
  'unread',
  'overlong',
  'recording',
  'boot',
])
/** A gap with more marks than these shows the first ones: lines not understood can be many. */
const MOST = 12

/**
 * Where in the trace a gap lies: the last event of its CPU before it, the marks between, the first event after it. What
 * lies outside of the capture is left out; a gap that is the whole trace on all CPUs has no lines. Of inputs that overlap
 * in time, the events are those next to it in the order of lines.
 */
export function gapLines(sqlite: Database.Database, capture: number, gap: GapRow): GapLine[] {
  if (gap.cpu === null && gap.fromNs === null && gap.toNs === null) return []
  const segments = listSegments(sqlite, { capture })
  const before = gap.fromNs === null ? null : lastBefore(sqlite, segments, gap.cpu, gap.fromNs)
  const after = gap.toNs === null ? null : firstAfter(sqlite, segments, gap.cpu, gap.toNs)
  const places: Place[] = [
    ...(before === null ? [] : [{ role: 'before' as const, line: before }]),
    ...marks(sqlite, segments, gap, before ?? 0, after ?? Number.POSITIVE_INFINITY),
    ...(after === null ? [] : [{ role: 'after' as const, line: after }]),
  ]
  const texts = linesAt(
    sqlite,
    capture,
    places.map(({ line }) => line),
  )
  return places.flatMap((place) => {
    const text = texts.get(place.line)
    return text === undefined ? [] : [{ ...place, text }]
  })
}

function lastBefore(sqlite: Database.Database, segments: Segment[], cpu: number | null, ns: bigint): number | null {
  for (const segment of segments.toReversed()) {
    if (segment.firstNs === null || segment.firstNs > ns) continue
    const columns = readColumns(sqlite, segment)
    for (let row = columns.count - 1; row >= 0; row--)
      if (columns.time[row]! <= ns && (cpu === null || columns.cpu[row] === cpu))
        return segment.firstLine + columns.line[row]!
  }
  return null
}

function firstAfter(sqlite: Database.Database, segments: Segment[], cpu: number | null, ns: bigint): number | null {
  for (const segment of segments) {
    if (segment.lastNs === null || segment.lastNs < ns) continue
    const columns = readColumns(sqlite, segment)
    for (let row = 0; row < columns.count; row++)
      if (columns.time[row]! >= ns && (cpu === null || columns.cpu[row] === cpu))
        return segment.firstLine + columns.line[row]!
  }
  return null
}

/** Marks of this gap's CPU, between two lines. */
function marks(sqlite: Database.Database, segments: Segment[], gap: GapRow, from: number, to: number): Place[] {
  const read = sqlite.prepare('SELECT notes FROM segment WHERE segment = ?').pluck()
  const lines = new Set<number>()
  for (const { segment, firstLine, lines: count } of segments) {
    if (firstLine + count <= from || firstLine >= to || lines.size >= MOST) continue
    for (const note of decodeNotes(read.get(segment) as string))
      if (MARKS.has(note.kind) && note.line > from && note.line < to && cpuOf(note) === gap.cpu && lines.size < MOST)
        lines.add(note.line)
  }
  return [...lines].map((line) => ({ role: 'mark', line }))
}

function cpuOf(note: Note): number | null {
  return (note.kind === 'lost' || note.kind === 'buffer-started') && note.cpu !== UNKNOWN ? note.cpu : null
}

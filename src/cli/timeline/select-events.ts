import type Database from 'better-sqlite3'
import { ACT_TYPES, type ActType } from '../../domain/act-type.ts'
import type { Capture } from '../../log/captures.ts'
import { lineEnd, textOf } from '../../log/line-text.ts'
import { listSegments, readColumns, readStrings, readText, type Segment } from '../../log/read-log.ts'
import { type Meaning, unpackMeaning } from '../../projection/meaning-codec.ts'
import { ON_EXPORTER_TYPES, type Subject } from './subject.ts'

export interface TimelineEvent {
  position: number
  /** 1-based line in the capture. */
  line: number
  ns: bigint
  cpu: number | null
  /** Null where the layout does not say, and where there is no task: a line of a kernel log. */
  comm: string | null
  pid: number | null
  type: ActType
  name: string
  payload: string
  /** The line as traced, without its terminator. */
  text: string
}

export interface Period {
  from: bigint | undefined
  to: bigint | undefined
}

/** Events of the subject in time order. Segments without any are not unpacked. */
export function* selectEvents(
  sqlite: Database.Database,
  capture: Capture,
  subject: Subject,
  period: Period,
): Generator<TimelineEvent> {
  const strings = readStrings(sqlite, capture.capture)
  const inLogOrder = (function* () {
    for (const segment of listSegments(sqlite, { capture: capture.capture }))
      yield* fromSegment(sqlite, segment, subject, period, strings)
  })()
  if (capture.ordered) yield* inLogOrder
  else yield* [...inLogOrder].sort((a, b) => (a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : a.position - b.position))
}

function* fromSegment(
  sqlite: Database.Database,
  segment: Segment,
  subject: Subject,
  { from, to }: Period,
  strings: string[],
): Generator<TimelineEvent> {
  if ((from !== undefined && segment.lastNs! < from) || (to !== undefined && segment.firstNs! > to)) return
  const meaning = readMeaning(sqlite, segment)
  const wanted = wantedRows(segment, meaning, subject)
  if (wanted.length === 0) return
  const columns = readColumns(sqlite, segment)
  const text = readText(sqlite, segment, columns.textBytes)
  const { lifetime, evidence } = subject
  const known = (value: number) => (value < 0 ? null : value)
  for (const row of wanted) {
    const ns = columns.time[row]!
    if ((from !== undefined && ns < from) || (to !== undefined && ns > to)) continue
    const abroad = (lifetime.from !== null && ns < lifetime.from) || (lifetime.to !== null && ns > lifetime.to)
    if (abroad && isOnExporter(meaning, row, subject) && !evidence.has(segment.firstPosition + row)) continue
    const line = columns.line[row]!
    const start = columns.lineStart[line]!
    yield {
      position: segment.firstPosition + row,
      line: segment.firstLine + line,
      ns,
      cpu: known(columns.cpu[row]!),
      comm: strings[columns.comm[row]!] ?? null,
      pid: known(columns.pid[row]!),
      type: ACT_TYPES[meaning?.type[row] ?? 0]!,
      name: strings[columns.name[row]!]!,
      payload: textOf(text, columns.payloadStart[row]!, columns.payloadEnd[row]!),
      text: textOf(text, start, lineEnd(text, start, columns.lineStart[line + 1]!)),
    }
  }
}

/** Null where the segment is not folded yet. */
function readMeaning(sqlite: Database.Database, { capture, firstSeq, events }: Segment): Meaning | null {
  const blob = sqlite
    .prepare('SELECT columns FROM meaning WHERE capture = ? AND first_seq = ? AND events = ?')
    .pluck()
    .get(capture, firstSeq, events) as Buffer | undefined
  return blob === undefined ? null : unpackMeaning(blob, events)
}

function wantedRows({ firstPosition, events }: Segment, meaning: Meaning | null, subject: Subject): number[] {
  const { buffers, devices, evidence, everything } = subject
  const rows: number[] = []
  for (let row = 0; row < events; row++) {
    const told =
      meaning !== null &&
      (everything
        ? meaning.type[row] !== 0
        : buffers.has(meaning.buffer[row]!) || devices.has(meaning.device[row]!) || isOnExporter(meaning, row, subject))
    if (told || evidence.has(firstPosition + row)) rows.push(row)
  }
  return rows
}

/** Whether the row is wanted only for the device that exported the buffer. */
function isOnExporter(meaning: Meaning | null, row: number, { exporters, devices, buffers }: Subject): boolean {
  if (meaning === null || !exporters.has(meaning.device[row]!) || !ON_EXPORTER_TYPES.has(meaning.type[row]!))
    return false
  return !devices.has(meaning.device[row]!) && !buffers.has(meaning.buffer[row]!)
}

import type Database from 'better-sqlite3'
import { ACT_TYPES, type ActType } from '../src/domain/act-type.ts'
import { LogError, sqliteCode } from '../src/log/errors.ts'
import { listSegments, readColumns, readText, type Segment } from '../src/log/read-log.ts'
import type { SegmentColumns } from '../src/log/segment-codec.ts'
import { type Meaning, unpackMeaning } from '../src/projection/meaning-codec.ts'
import type { ColumnBatch } from './column.ts'
import { inodes, named, numbered, orUnknown, payloads, type Selection, times } from './event-columns.ts'
import { type AnswerNames, addCapture, type CaptureNames, createAnswerNames } from './event-names.ts'

export interface EventFilter {
  capture: number | undefined
  /** As two's complement. */
  ino: bigint | undefined
  device: string | undefined
  type: ActType | undefined
  name: string | undefined
  from: bigint | undefined
  to: bigint | undefined
  /** Only later positions. */
  after: bigint | undefined
  /** Only these positions, ascending. */
  position: readonly number[] | undefined
  limit: number | undefined
}

/** Events in the order of positions, a batch a segment, read inside the caller's transaction. */
export function* readEvents(sqlite: Database.Database, filter: EventFilter): Generator<ColumnBatch> {
  const segments = listSegments(sqlite, {
    ...(filter.capture !== undefined && { capture: filter.capture }),
    ...(filter.after !== undefined && { fromPosition: Number(filter.after) + 1 }),
  }).filter((segment) => segment.events > 0 && touches(segment, filter))
  const names = createAnswerNames()
  const captures = new Map<number, CaptureNames>()
  for (const { capture } of segments)
    if (!captures.has(capture)) captures.set(capture, addCapture(sqlite, capture, names))

  let left = filter.limit ?? Number.POSITIVE_INFINITY
  for (const segment of segments) {
    if (left <= 0) return
    const capture = captures.get(segment.capture)!
    const meaning = readMeaning(sqlite, segment)
    const tests = eventTests(filter, segment, meaning, capture, names)
    if (tests === null) continue
    const columns = unpacked(sqlite, segment, () => readColumns(sqlite, segment))
    const rows = select(columns, tests, left)
    if (rows?.length === 0) continue
    const text = unpacked(sqlite, segment, () => readText(sqlite, segment, columns.textBytes))
    const batch = eventBatch(segment, columns, text, meaning, rows, capture, names)
    left -= batch.rows
    yield batch
  }
}

type EventTest = (columns: SegmentColumns, row: number) => boolean

/** What each event must pass; null where none of this segment can. */
function eventTests(
  filter: EventFilter,
  segment: Segment,
  meaning: Meaning,
  capture: CaptureNames,
  names: AnswerNames,
): EventTest[] | null {
  const tests: EventTest[] = []
  const { from, to, type, name, device, ino } = filter
  if (type !== undefined) {
    const index = ACT_TYPES.indexOf(type)
    if (!meaning.type.includes(index)) return null
    tests.push((_, row) => meaning.type[row] === index)
  }
  if (ino !== undefined) {
    const buffers = new Set(
      [...capture.ino.keys()].filter((id) => capture.inoKnown[id] === 1 && capture.ino[id] === ino),
    )
    if (!meaning.buffer.some((id) => buffers.has(id))) return null
    tests.push((_, row) => buffers.has(meaning.buffer[row]!))
  }
  if (device !== undefined) {
    const id = capture.devices.indexOf(names.devices.texts.indexOf(device))
    if (id < 0 || !names.devices.texts.includes(device) || !meaning.device.includes(id)) return null
    tests.push((_, row) => meaning.device[row] === id)
  }
  if (name !== undefined) {
    const known = names.strings.texts.indexOf(name)
    const id = known < 0 ? -1 : capture.strings.indexOf(known)
    if (id < 0) return null
    tests.push((columns, row) => columns.name[row] === id)
  }
  if (from !== undefined && segment.firstNs! < from) tests.push((columns, row) => columns.time[row]! >= from)
  if (to !== undefined && segment.lastNs! > to) tests.push((columns, row) => columns.time[row]! <= to)
  const skip = filter.after === undefined ? 0 : Number(filter.after) + 1 - segment.firstPosition
  if (skip > 0) tests.push((_, row) => row >= skip)
  if (filter.position !== undefined) {
    const wanted = new Set(filter.position)
    tests.push((_, row) => wanted.has(segment.firstPosition + row))
  }
  return tests
}

function select(columns: SegmentColumns, tests: EventTest[], limit: number): Selection {
  if (tests.length === 0 && columns.count <= limit) return null
  const rows: number[] = []
  for (let row = 0; row < columns.count && rows.length < limit; row++)
    if (tests.every((test) => test(columns, row))) rows.push(row)
  return Int32Array.from(rows)
}

function eventBatch(
  segment: Segment,
  columns: SegmentColumns,
  text: Buffer,
  meaning: Meaning,
  rows: Selection,
  capture: CaptureNames,
  names: AnswerNames,
): ColumnBatch {
  const { count } = columns
  const length = rows?.length ?? count
  const { strings, attachments, devices } = names
  return {
    rows: length,
    columns: [
      numbered(segment.firstPosition, count, rows),
      { kind: 'int32', values: new Int32Array(length).fill(segment.capture), valid: null },
      numbered(segment.firstSeq, count, rows),
      numbered(segment.firstLine, count, rows, columns.line),
      times(columns.time, rows),
      orUnknown(columns.cpu, rows),
      named(columns.comm, count, rows, strings.texts, capture.strings),
      orUnknown(columns.pid, rows),
      orUnknown(columns.tgid, rows),
      named(meaning.type, count, rows, ACT_TYPES),
      named(columns.name, count, rows, strings.texts, capture.strings),
      inodes(meaning.buffer, count, rows, capture),
      named(meaning.attachment, count, rows, attachments.texts, capture.attachments),
      named(meaning.device, count, rows, devices.texts, capture.devices),
      payloads(text, columns, rows),
    ],
  }
}

/** Events that are not folded yet mean nothing so far. */
function readMeaning(sqlite: Database.Database, { capture, firstSeq, events }: Segment): Meaning {
  const blob = sqlite
    .prepare('SELECT columns FROM meaning WHERE capture = ? AND first_seq = ? AND events = ?')
    .pluck()
    .get(capture, firstSeq, events) as Buffer | undefined
  if (blob !== undefined) return unpackMeaning(blob, events)
  const none = () => new Int32Array(events).fill(-1)
  return { type: new Uint8Array(events), buffer: none(), attachment: none(), device: none() }
}

function unpacked<Value>(sqlite: Database.Database, segment: Segment, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (sqliteCode(error)) throw error
    const { capture, number, firstPosition, events } = segment
    const where = `segment ${number} of capture ${capture}, positions ${firstPosition} to ${firstPosition + events - 1}`
    throw new LogError(
      'database-damaged',
      `${sqlite.name}: ${where}, cannot be unpacked (${(error as Error).message}); see how far the damage goes with: revenant verify`,
      error,
    )
  }
}

function touches({ firstNs, lastNs, firstPosition, events }: Segment, { from, to, position }: EventFilter): boolean {
  if (position !== undefined && !position.some((one) => one >= firstPosition && one < firstPosition + events))
    return false
  return (from === undefined || lastNs! >= from) && (to === undefined || firstNs! <= to)
}

/**
 * Event columns of a segment ⇄ bytes. The lines themselves are stored apart (`text`), so that a reader of columns never
 * unpacks them: times, names and payload ranges are here, payloads are there.
 *
 * Layout, before zstd: a head of `HEAD` 64-bit floats, then the columns as byte planes (planes.ts), each only as wide as
 * its largest value. Signed columns are stored off by one (`UNKNOWN` = -1 → 0), line starts as line lengths, payload
 * ranges as distances from the ends of their line (modulo 2^32, for payloads behind the lines), times as differences in
 * the coarsest unit that fits them all.
 */
import { LineKind, type RecordBatch } from '../domain/record.ts'
import { readPlanes, widthOf, writePlanes } from './planes.ts'
import { decodeTimes, encodeTimes } from './time-codec.ts'
import { unzstd, zstd, zstdSync } from './zstd.ts'

/** What is stored of a batch's columns; indexes into text are as in `RecordBatch`. */
export type SegmentColumns = Omit<RecordBatch, 'bytes' | 'firstLine' | 'strings' | 'notes'> & {
  stringCount: number
  /** Bytes of its text: the lines, and behind them the payloads that they spell otherwise. */
  textBytes: number
}

/** Lines only, or payloads behind them too; the second has a number more in its head: how many bytes those are. */
const Format = { lines: 1, respelled: 2 } as const
/** format, lines, events, firstString, stringCount, time base high and low, time unit, then one width for each column. */
const FIXED = 8
const COLUMNS = 11
const HEAD = FIXED + COLUMNS

/** Columns of `batch`, ready to be stored; packed on the thread pool. */
export async function packColumns(batch: RecordBatch): Promise<Buffer> {
  return await zstd(encodeColumns(batch))
}

export function packColumnsSync(batch: RecordBatch): Buffer {
  return zstdSync(encodeColumns(batch))
}

export function unpackColumns(stored: Uint8Array): SegmentColumns {
  return decodeColumns(unzstd(stored))
}

export function encodeColumns(batch: RecordBatch): Buffer {
  const { lineCount, count } = batch
  const lengths = new Uint32Array(lineCount)
  for (let i = 0; i < lineCount; i++) lengths[i] = batch.lineStart[i + 1]! - batch.lineStart[i]!
  const before = new Uint32Array(count)
  const after = new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    const line = batch.line[i]!
    before[i] = batch.payloadStart[i]! - batch.lineStart[line]!
    after[i] = batch.lineStart[line + 1]! - batch.payloadEnd[i]!
  }
  const times = encodeTimes(batch.time, count)
  const columns: [Uint32Array, number][] = [
    [lengths, lineCount],
    [new Uint32Array(batch.lineKind.subarray(0, lineCount)), lineCount],
    [times.lows, count],
    [times.highs, count],
    [offByOne(batch.cpu, count), count],
    [offByOne(batch.pid, count), count],
    [offByOne(batch.tgid, count), count],
    [batch.comm, count],
    [batch.name, count],
    [before, count],
    [after, count],
  ]
  const widths = columns.map(([values, length]) => widthOf(values, length))
  const body = columns.reduce((sum, [, length], i) => sum + length * widths[i]!, 0)
  const respelled = batch.bytes.length - batch.lineStart[lineCount]!
  const head = [
    respelled === 0 ? Format.lines : Format.respelled,
    lineCount,
    count,
    batch.firstString,
    batch.strings.length,
    times.baseHigh,
    times.baseLow,
    times.unit,
  ]
  const numbers = [...head, ...widths, ...(respelled === 0 ? [] : [respelled])]
  const target = Buffer.allocUnsafe(numbers.length * 8 + body)
  for (const [i, value] of numbers.entries()) target.writeDoubleLE(value, i * 8)
  let offset = numbers.length * 8
  for (const [i, [values, length]] of columns.entries())
    offset = writePlanes(target, offset, values, length, widths[i]!)
  return target
}

export function decodeColumns(raw: Buffer): SegmentColumns {
  if (raw.length < HEAD * 8) throw new RangeError('segment columns are cut short')
  const head = Array.from({ length: HEAD }, (_, i) => raw.readDoubleLE(i * 8))
  const [format, lineCount, count, firstString, stringCount, baseHigh, baseLow, unit] = head
  if (format !== Format.lines && format !== Format.respelled)
    throw new RangeError(`segment columns of format ${format}, this code reads ${Object.values(Format).join(' and ')}`)
  const widths = head.slice(FIXED)
  let offset = HEAD * 8
  const respelled = format === Format.respelled ? raw.readDoubleLE(offset) : 0
  if (format === Format.respelled) offset += 8
  let column = 0
  const next = (length: number) => {
    const width = widths[column++]!
    const values = readPlanes(raw, offset, length, width)
    offset += length * width
    return values
  }
  const lengths = next(lineCount!)
  const lineKind = new Uint8Array(next(lineCount!))
  const lows = next(count!)
  const highs = next(count!)
  const time = decodeTimes({ lows, highs, baseHigh: baseHigh!, baseLow: baseLow!, unit: unit! })
  const cpu = offByMinusOne(next(count!))
  const pid = offByMinusOne(next(count!))
  const tgid = offByMinusOne(next(count!))
  const comm = next(count!)
  const name = next(count!)
  const payloadStart = next(count!)
  const payloadEnd = next(count!)
  if (offset !== raw.length) throw new RangeError('segment columns have the wrong length')

  const lineStart = new Uint32Array(lineCount! + 1)
  for (let i = 0; i < lineCount!; i++) lineStart[i + 1] = lineStart[i]! + lengths[i]!
  const line = eventLines(lineKind, count!)
  for (let i = 0; i < count!; i++) {
    payloadStart[i]! += lineStart[line[i]!]!
    payloadEnd[i] = lineStart[line[i]! + 1]! - payloadEnd[i]!
  }
  return {
    lineCount: lineCount!,
    lineStart,
    lineKind,
    count: count!,
    line,
    time,
    cpu,
    pid,
    tgid,
    comm,
    name,
    payloadStart,
    payloadEnd,
    firstString: firstString!,
    stringCount: stringCount!,
    textBytes: lineStart[lineCount!]! + respelled,
  }
}

/** Every line of kind `event` is one event, in order: their numbers need no column. */
function eventLines(lineKind: Uint8Array, count: number): Uint32Array {
  const lines = new Uint32Array(count)
  let event = 0
  for (let i = 0; i < lineKind.length; i++) if (lineKind[i] === LineKind.event) lines[event++] = i
  if (event !== count) throw new RangeError(`${event} event lines for ${count} events`)
  return lines
}

function offByOne(values: Int32Array, count: number): Uint32Array {
  const shifted = new Uint32Array(count)
  for (let i = 0; i < count; i++) shifted[i] = values[i]! + 1
  return shifted
}

function offByMinusOne(values: Uint32Array): Int32Array {
  const shifted = new Int32Array(values.length)
  for (let i = 0; i < values.length; i++) shifted[i] = values[i]! - 1
  return shifted
}

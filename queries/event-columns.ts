/** One segment's events as columns of the `events` query: typed arrays in, typed arrays out, no value made an object. */
import { isUtf8 } from 'node:buffer'
import { textOf } from '../src/log/line-text.ts'
import type { SegmentColumns } from '../src/log/segment-codec.ts'
import type { ColumnData, Validity } from './column.ts'
import type { CaptureNames } from './event-names.ts'

/** Which events of a segment are wanted, ascending; null is all of them. */
export type Selection = Int32Array | null

/** `first + offsets[row]`, or `first + row`, for each selected row; all below 2^53. */
export function numbered(first: number, count: number, rows: Selection, offsets?: Uint32Array): ColumnData {
  const length = rows?.length ?? count
  const values = new BigInt64Array(length)
  // Halves are written apart: a BigInt for each value would cost more than all the rest of the batch.
  const halves = new Uint32Array(values.buffer)
  for (let i = 0; i < length; i++) {
    const row = rows === null ? i : rows[i]!
    const value = first + (offsets === undefined ? row : offsets[row]!)
    halves[2 * i] = value
    halves[2 * i + 1] = value / 2 ** 32
  }
  return { kind: 'wide', values, valid: null }
}

export function times(time: BigInt64Array, rows: Selection): ColumnData {
  if (rows === null) return { kind: 'wide', values: time, valid: null }
  const values = new BigInt64Array(rows.length)
  for (let i = 0; i < rows.length; i++) values[i] = time[rows[i]!]!
  return { kind: 'wide', values, valid: null }
}

/** A column that is -1 where the trace does not say. */
export function orUnknown(source: Int32Array, rows: Selection): ColumnData {
  const values = rows === null ? source : gather(source, rows)
  return { kind: 'int32', values, valid: known(values) }
}

/** `dictionary[byId[ids[row]]]`, null where `ids` or `byId` hold -1. Without `byId` the ids are the indices. */
export function named(
  ids: Uint32Array | Int32Array | Uint8Array,
  count: number,
  rows: Selection,
  dictionary: readonly string[],
  byId?: Int32Array,
): ColumnData {
  const values = new Int32Array(rows?.length ?? count)
  for (let i = 0; i < values.length; i++) {
    const id = ids[rows === null ? i : rows[i]!]!
    values[i] = byId === undefined || id < 0 ? id : (byId[id] ?? -1)
  }
  const valid = known(values)
  // Some readers look at the index even where it is null.
  if (valid !== null) for (let i = 0; i < values.length; i++) if (values[i]! < 0) values[i] = 0
  return { kind: 'dictionary', values, dictionary, valid }
}

export function inodes(buffer: Int32Array, count: number, rows: Selection, names: CaptureNames): ColumnData {
  const length = rows?.length ?? count
  const values = new BigInt64Array(length)
  const halves = new Uint32Array(values.buffer)
  const source = new Uint32Array(names.ino.buffer)
  let valid: Validity = null
  for (let i = 0; i < length; i++) {
    const id = buffer[rows === null ? i : rows[i]!]!
    if (id >= 0 && names.inoKnown[id] === 1) {
      halves[2 * i] = source[2 * id]!
      halves[2 * i + 1] = source[2 * id + 1]!
    } else {
      valid ??= new Uint8Array((length + 7) >> 3).fill(0xff)
      valid[i >> 3]! &= ~(1 << (i & 7))
    }
  }
  return { kind: 'wide', values, valid }
}

/** Payloads out of a segment's text, which is used up: they are moved together in place. */
export function payloads(text: Buffer, columns: SegmentColumns, rows: Selection): ColumnData {
  const length = rows?.length ?? columns.count
  const offsets = new Int32Array(length + 1)
  // Payloads behind the lines are not in the order of the lines: moved together in place they would run into each other.
  const respelled = columns.textBytes > columns.lineStart[columns.lineCount]!
  if (respelled || !isUtf8(text)) return mixedPayloads(text, columns, rows, offsets)
  let end = 0
  for (let i = 0; i < length; i++) {
    const row = rows === null ? i : rows[i]!
    const from = columns.payloadStart[row]!
    const to = columns.payloadEnd[row]!
    text.copyWithin(end, from, to)
    end += to - from
    offsets[i + 1] = end
  }
  return { kind: 'utf8', offsets, bytes: text.subarray(0, end), valid: null }
}

/** Each payload is judged alone, and one that is not UTF-8 is read as Latin-1, as everywhere. */
function mixedPayloads(text: Buffer, columns: SegmentColumns, rows: Selection, offsets: Int32Array): ColumnData {
  const texts: Buffer[] = []
  for (let i = 0; i + 1 < offsets.length; i++) {
    const row = rows === null ? i : rows[i]!
    const payload = Buffer.from(textOf(text, columns.payloadStart[row]!, columns.payloadEnd[row]!))
    texts.push(payload)
    offsets[i + 1] = offsets[i]! + payload.length
  }
  return { kind: 'utf8', offsets, bytes: Buffer.concat(texts), valid: null }
}

function gather(source: Int32Array, rows: Int32Array): Int32Array {
  const values = new Int32Array(rows.length)
  for (let i = 0; i < rows.length; i++) values[i] = source[rows[i]!]!
  return values
}

function known(values: Int32Array): Validity {
  let valid: Validity = null
  for (let i = 0; i < values.length; i++) {
    if (values[i]! >= 0) continue
    valid ??= new Uint8Array((values.length + 7) >> 3).fill(0xff)
    valid[i >> 3]! &= ~(1 << (i & 7))
  }
  return valid
}

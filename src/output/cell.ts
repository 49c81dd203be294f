/** Values of one column of one batch as text, for the formats that are text. */
import { isAscii } from 'node:buffer'
import { asUnsigned, type Column, type ColumnData, isValid } from '../../queries/column.ts'

export type Cell = (row: number) => string | null

/** Below this, the upper half of a 64-bit integer still fits a number exactly. */
const SAFE_HIGH = 2 ** 21

/** The plain text of each value, null where there is none. Lists are separated by blanks. */
export function cells(column: Column, data: ColumnData): Cell {
  const text = plain(column, data)
  const { valid } = data
  return valid === null ? text : (row) => (isValid(valid, row) ? text(row) : null)
}

/** Whether a value of this type stands in JSON as it is, without quotes. */
export function isBare({ type }: Column): boolean {
  return type === 'int32' || type === 'count' || type === 'bool'
}

function plain(column: Column, data: ColumnData): (row: number) => string {
  switch (data.kind) {
    case 'wide':
      return wide(data.values, column.type === 'uint64')
    case 'int32':
      return (row) => String(data.values[row])
    case 'bool':
      return (row) => (data.values[row] === 1 ? 'true' : 'false')
    case 'dictionary':
      return (row) => data.dictionary[data.values[row]!]!
    case 'utf8':
      return utf8(data.bytes, data.offsets)
    case 'list':
      return (row) => data.values.subarray(data.offsets[row], data.offsets[row + 1]).join(' ')
  }
}

/** Most values are small, and a number is written in a third of the time of a BigInt. */
function wide(values: BigInt64Array, unsigned: boolean): (row: number) => string {
  const halves = new Uint32Array(values.buffer, values.byteOffset, values.length * 2)
  const exact = unsigned ? asUnsigned(values) : values
  return (row) => {
    const high = halves[2 * row + 1]!
    return String(high < SAFE_HIGH ? high * 2 ** 32 + halves[2 * row]! : exact[row])
  }
}

/** Where every byte is a character, the column is decoded once and cut. */
function utf8(bytes: Uint8Array, offsets: Int32Array): (row: number) => string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!isAscii(buffer)) return (row) => buffer.toString('utf8', offsets[row], offsets[row + 1])
  const all = buffer.toString('latin1')
  return (row) => all.slice(offsets[row], offsets[row + 1])
}

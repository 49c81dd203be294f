/** Values of one column of one batch as text, for the formats that are text. */
import { asUnsigned, type Column, type ColumnData, isValid } from '../../queries/column.ts'

export type Cell = (row: number) => string | null

const UTF8 = new TextDecoder()

/** The plain text of each value, null where there is none. Lists are separated by blanks. */
export function cells(column: Column, data: ColumnData): Cell {
  const text = plain(column, data)
  return (row) => (isValid(data.valid, row) ? text(row) : null)
}

/** Whether a value of this type stands in JSON as it is, without quotes. */
export function isBare({ type }: Column): boolean {
  return type === 'int32' || type === 'count' || type === 'bool'
}

function plain(column: Column, data: ColumnData): (row: number) => string {
  switch (data.kind) {
    case 'wide': {
      const values = column.type === 'uint64' ? asUnsigned(data.values) : data.values
      return (row) => String(values[row])
    }
    case 'int32':
      return (row) => String(data.values[row])
    case 'bool':
      return (row) => (data.values[row] === 1 ? 'true' : 'false')
    case 'dictionary':
      return (row) => data.dictionary[data.values[row]!]!
    case 'utf8':
      return (row) => UTF8.decode(data.bytes.subarray(data.offsets[row], data.offsets[row + 1]))
    case 'list':
      return (row) => data.values.subarray(data.offsets[row], data.offsets[row + 1]).join(' ')
  }
}

import { type Column, type ColumnBatch, type ColumnData, isValid } from '../../queries/column.ts'
import type { QueryResult } from '../../queries/run-query.ts'
import { cells, isBare } from './cell.ts'
import { pieces } from './pieces.ts'

/** An array of objects, one a line; keys in the order of the columns. 64-bit integers are strings. */
export function* writeJson({ columns, batches }: QueryResult): Generator<string> {
  let separator = '[\n'
  for (const batch of batches) {
    const object = objects(columns, batch)
    yield* pieces(batch.rows, (row) => {
      const text = separator + object(row)
      separator = ',\n'
      return text
    })
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n'
}

/** One object a line, and nothing around them. */
export function* writeNdjson({ columns, batches }: QueryResult): Generator<string> {
  for (const batch of batches) {
    const object = objects(columns, batch)
    yield* pieces(batch.rows, (row) => `${object(row)}\n`)
  }
}

function objects(columns: readonly Column[], batch: ColumnBatch): (row: number) => string {
  const literals = columns.map((column, at) => literal(column, batch.columns[at]!))
  const keys = columns.map(({ name }, at) => `${at === 0 ? '{' : ','}${JSON.stringify(name)}:`)
  return (row) => {
    let text = ''
    for (let at = 0; at < keys.length; at++) text += keys[at] + literals[at]!(row)
    return `${text}}`
  }
}

function literal(column: Column, data: ColumnData): (row: number) => string {
  if (data.kind === 'dictionary') return words(data)
  const cell = cells(column, data)
  if (isBare(column)) return (row) => cell(row) ?? 'null'
  if (data.kind === 'wide') return (row) => quoted(cell(row))
  if (data.kind === 'list') return (row) => array(cell(row))
  return (row) => JSON.stringify(cell(row))
}

function quoted(digits: string | null): string {
  return digits === null ? 'null' : `"${digits}"`
}

function array(list: string | null): string {
  if (list === null) return 'null'
  return list === '' ? '[]' : `["${list.replaceAll(' ', '","')}"]`
}

/** Each word of a dictionary is put in quotes once a batch. */
function words({ values, dictionary, valid }: ColumnData & { kind: 'dictionary' }): (row: number) => string {
  const known: string[] = []
  return (row) => {
    if (!isValid(valid, row)) return 'null'
    const index = values[row]!
    known[index] ??= JSON.stringify(dictionary[index]!)
    return known[index]
  }
}

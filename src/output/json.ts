import { type Column, type ColumnBatch, type ColumnData, isValid } from '../../queries/column.ts'
import type { QueryResult } from '../../queries/run-query.ts'
import { cells, isBare } from './cell.ts'

/** An array of objects, one a line; keys in the order of the columns. 64-bit integers are strings. */
export function* writeJson({ columns, batches }: QueryResult): Generator<string> {
  let separator = '[\n'
  for (const batch of batches) {
    let text = ''
    for (const object of objects(columns, batch)) {
      text += separator + object
      separator = ',\n'
    }
    yield text
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n'
}

/** One object a line, and nothing around them. */
export function* writeNdjson({ columns, batches }: QueryResult): Generator<string> {
  for (const batch of batches) {
    let text = ''
    for (const object of objects(columns, batch)) text += `${object}\n`
    yield text
  }
}

function* objects(columns: readonly Column[], batch: ColumnBatch): Generator<string> {
  const literals = columns.map((column, at) => literal(column, batch, at))
  const keys = columns.map(({ name }, at) => `${at === 0 ? '{' : ','}${JSON.stringify(name)}:`)
  for (let row = 0; row < batch.rows; row++) {
    let text = ''
    for (let at = 0; at < keys.length; at++) text += keys[at] + literals[at]!(row)
    yield `${text}}`
  }
}

function literal(column: Column, batch: ColumnBatch, at: number): (row: number) => string {
  const data = batch.columns[at]!
  const cell = cells(column, data)
  if (isBare(column)) return (row) => cell(row) ?? 'null'
  if (data.kind === 'wide') return (row) => quoted(cell(row))
  if (data.kind === 'list') return (row) => array(cell(row))
  if (data.kind === 'dictionary') return words(data)
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
  const quotedWords: string[] = []
  const word = (row: number) => {
    const index = values[row]!
    return (quotedWords[index] ??= JSON.stringify(dictionary[index]!))
  }
  return valid === null ? word : (row) => (isValid(valid, row) ? word(row) : 'null')
}

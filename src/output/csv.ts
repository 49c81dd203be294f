import type { QueryResult } from '../../queries/run-query.ts'
import { cells } from './cell.ts'
import { pieces } from './pieces.ts'

/** RFC 4180, with a header line. Null is an empty field, an empty text is `""`. */
export function* writeCsv({ columns, batches }: QueryResult): Generator<string> {
  yield `${columns.map(({ name }) => name).join(',')}\r\n`
  for (const batch of batches) {
    const fields = columns.map((column, at) => cells(column, batch.columns[at]!))
    yield* pieces(batch.rows, (row) => `${fields.map((cell) => field(cell(row))).join(',')}\r\n`)
  }
}

function field(text: string | null): string {
  if (text === null) return ''
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

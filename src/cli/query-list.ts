import { QUERIES } from '../../queries/index.ts'
import type { Format } from './command.ts'

/** Every query with its parameters, columns and example: for people, or as JSON for programs. */
export function* listQueries(format: Format): Generator<string> {
  if (format === 'json' || format === 'ndjson') {
    const documents = QUERIES.map(({ name, summary, parameters, columns, example }) => ({
      name,
      summary,
      parameters: Object.entries(parameters).map(([parameter, schema]) => ({
        name: parameter,
        doc: schema.description ?? '',
      })),
      columns: columns.map((column) => ({
        name: column.name,
        type: column.type,
        nullable: column.nullable,
        doc: column.doc,
      })),
      example,
    }))
    yield format === 'json'
      ? `${JSON.stringify(documents, null, 1)}\n`
      : documents.map((d) => `${JSON.stringify(d)}\n`).join('')
    return
  }
  for (const { name, summary, parameters, columns, example } of QUERIES) {
    yield `${name}: ${summary}\n`
    for (const [parameter, schema] of Object.entries(parameters))
      yield `  -p ${`${parameter}=…`.padEnd(18)} ${schema.description ?? ''}\n`
    yield `  columns: ${columns.map((column) => column.name).join(', ')}\n`
    const given = Object.entries(example).map(([parameter, text]) => ` -p ${parameter}=${text}`)
    yield `  example: revenant query ${name}${given.join('')}\n\n`
  }
}

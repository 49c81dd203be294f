/**
 * What a SQL rule can ask: the named queries as tables, and nothing else. The tables behind them may change with any
 * version, so their names are taken by views that say so.
 */

import { asUnsigned, type ColumnBatch, type ColumnData, isValid } from '../../queries/column.ts'
import { events } from '../../queries/events.ts'
import { QUERIES } from '../../queries/index.ts'
import type { Query } from '../../queries/query.ts'
import { type EventFilter, readEvents } from '../../queries/read-events.ts'
import type { LogConnection } from '../log/connection.ts'

/**
 * Makes them on `asked`, which then reads nothing but them. Events have no rows to make a view of: they are unpacked by
 * `reader`, another connection, since one that runs a statement cannot begin a second. `events(capture, from, to)`
 * unpacks only that stretch; with a NULL for an argument SQLite's binding gives no rows without asking.
 */
export function openPublicTables({ sqlite, kysely }: LogConnection, reader: LogConnection): void {
  // Of the views themselves, made before anything could be taken for something else.
  const main = kysely.withSchema('main')
  const views = QUERIES.flatMap(({ name, source }: Query) => {
    if (source.kind !== 'sql') return []
    const { sql, parameters } = source.select(main, {} as never).compile()
    if (parameters.length > 0) throw new Error(`query ${name} has parameters of its own and cannot be a view`)
    return [`CREATE TEMP VIEW ${name} AS ${sql}`]
  })
  const isTable = "type = 'table' AND name NOT LIKE 'sqlite%'"
  const own = sqlite.prepare(`SELECT name FROM main.sqlite_schema WHERE ${isTable}`).pluck().all() as string[]
  for (const view of views) sqlite.exec(view)
  for (const name of own) {
    sqlite.exec(`CREATE TEMP VIEW "${name}" AS SELECT * FROM temp."${name}, which is not for rules"`)
  }
  sqlite.table('events', {
    columns: events.columns.map(({ name }) => name),
    parameters: ['in_capture', 'from_ns', 'to_ns'],
    safeIntegers: true,
    *rows(...given: unknown[]) {
      const [capture, from, to] = given as (bigint | undefined)[]
      for (const batch of readEvents(reader.sqlite, filterOf(capture, from, to))) yield* rowsOf(batch)
    },
  })
  sqlite.pragma('query_only = ON')
}

function filterOf(capture?: bigint, from?: bigint, to?: bigint): EventFilter {
  return {
    capture: capture === undefined ? undefined : Number(capture),
    from,
    to,
    ino: undefined,
    device: undefined,
    type: undefined,
    name: undefined,
    after: undefined,
    position: undefined,
    limit: undefined,
  }
}

type Cell = bigint | string | null

const UTF8 = new TextDecoder()

function* rowsOf({ rows, columns }: ColumnBatch): Generator<Cell[]> {
  for (let row = 0; row < rows; row++) yield columns.map((data) => cellOf(data, row))
}

function cellOf(data: ColumnData, row: number): Cell {
  if (!isValid(data.valid, row)) return null
  switch (data.kind) {
    case 'wide':
      return data.values[row]!
    case 'int32':
    case 'bool':
      return BigInt(data.values[row]!)
    case 'utf8':
      return UTF8.decode(data.bytes.subarray(data.offsets[row]!, data.offsets[row + 1]!))
    case 'dictionary':
      return data.dictionary[data.values[row]!]!
    case 'list':
      return JSON.stringify(
        [...asUnsigned(data.values.subarray(data.offsets[row]!, data.offsets[row + 1]!))].map(Number),
      )
  }
}

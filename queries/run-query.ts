import { createHash } from 'node:crypto'
import type Database from 'better-sqlite3'
import type { LogConnection } from '../src/log/connection.ts'
import type { Column, ColumnBatch } from './column.ts'
import type { Query } from './query.ts'
import { type RawRow, rowsToColumns } from './rows-to-columns.ts'

export interface QueryResult {
  columns: readonly Column[]
  batches: Iterable<ColumnBatch>
}

/** The log as it stands at one moment: every query of a snapshot sees the same rows, whatever is appended meanwhile. */
export interface Snapshot {
  /** Last position in the log; 0 where it is empty. */
  position: bigint
  /** Changes whenever an answer may change, also where no position was added (`rebuild`, a capture's end). */
  tag: string
  run(query: Query, params: never): QueryResult
  end(): void
}

/** Begins a read transaction on `connection`, which has none; `end()` it in any case. */
export function openSnapshot({ sqlite, kysely }: LogConnection): Snapshot {
  sqlite.exec('BEGIN')
  try {
    const [position, ...state] = sqlite.prepare(STATE).raw().safeIntegers().get() as [bigint, ...unknown[]]
    const tag = `${position}-${createHash('sha256').update(state.join()).digest('base64url').slice(0, 12)}`
    return {
      position,
      tag,
      run: ({ source, columns }, params) => {
        if (source.kind === 'columns') return { columns, batches: source.read(sqlite, params) }
        const { sql, parameters } = source.select(kysely, params).compile()
        const statement = sqlite.prepare(sql).raw().safeIntegers()
        // Begun at the first row: a statement that is never read would keep the connection busy.
        const rows = { [Symbol.iterator]: () => statement.iterate(...parameters) as IterableIterator<RawRow> }
        return { columns, batches: rowsToColumns(columns, rows) }
      },
      end: () => endTransaction(sqlite),
    }
  } catch (error) {
    endTransaction(sqlite)
    throw error
  }
}

const STATE = `
  SELECT (SELECT COALESCE(MAX(first_position + events) - 1, 0)
            FROM (SELECT first_position, events FROM segment ORDER BY segment DESC LIMIT 1)),
    (SELECT group_concat(capture || status || bytes || coalesce(digest, ''), ' ')
       FROM (SELECT capture, status, bytes, digest FROM capture ORDER BY capture)),
    (SELECT group_concat(capture || ' ' || version || ' ' || seq || ' ' || finished, ' ')
       FROM (SELECT capture, version, seq, finished FROM checkpoint ORDER BY capture))`

function endTransaction(sqlite: Database.Database): void {
  if (sqlite.open && sqlite.inTransaction) sqlite.exec('COMMIT')
}

import Database from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import type { LogConnection } from '../log/connection.ts'
import { migrate } from '../log/migrate.ts'
import type { Schema } from '../log/schema.ts'

/** A log in memory with nothing in it: rules are checked against it before there is a database. */
export async function emptyLog(): Promise<LogConnection> {
  const sqlite = new Database(':memory:')
  await migrate(sqlite, ':memory:')
  const kysely = new Kysely<Schema>({ dialect: new SqliteDialect({ database: sqlite }) })
  return { path: ':memory:', sqlite, kysely, close: () => sqlite.close() }
}

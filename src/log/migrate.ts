import type Database from 'better-sqlite3'
import { sqliteCode } from './errors.ts'

/** `PRAGMA application_id`: "rvnt". */
export const APPLICATION_ID = 0x72766e74
/** `PRAGMA user_version`: the number of migrations this code knows. */
export const SCHEMA_VERSION = 5

/**
 * Brings an empty or older database to `SCHEMA_VERSION`, all or nothing. The Migrator's own transactions begin without a
 * lock, so that two processes making one database would meet half way: it runs inside one that holds the lock.
 */
export async function migrate(sqlite: Database.Database, path: string): Promise<void> {
  await whenFree(sqlite, () => sqlite.pragma('journal_mode = WAL'))
  const [{ Kysely, SqliteDialect }, { Migrator }, log, readModels, growingHead, ignoredNames, snapshots] =
    await Promise.all([
      import('kysely'),
      import('kysely/migration'),
      import('../../migrations/0001-log.ts'),
      import('../../migrations/0002-read-models.ts'),
      import('../../migrations/0003-growing-head.ts'),
      import('../../migrations/0004-ignored-names.ts'),
      import('../../migrations/0005-snapshots.ts'),
    ])
  const migrations = {
    '0001-log': log,
    '0002-read-models': readModels,
    '0003-growing-head': growingHead,
    '0004-ignored-names': ignoredNames,
    '0005-snapshots': snapshots,
  }
  await whenFree(sqlite, () => sqlite.exec('BEGIN IMMEDIATE'))
  try {
    const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: sqlite }) })
    const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
    const { error } = await migrator.migrateToLatest({ disableTransactions: true })
    if (error) throw error
    sqlite.pragma(`application_id = ${APPLICATION_ID}`)
    sqlite.pragma(`user_version = ${SCHEMA_VERSION}`)
    sqlite.exec('COMMIT')
  } catch (error) {
    if (sqlite.inTransaction) sqlite.exec('ROLLBACK')
    throw sqliteCode(error)
      ? error
      : new Error(`${path}: the database could not be brought up to date: ${error}`, { cause: error })
  }
}

/**
 * Waits for the lock without blocking this thread, which may be the one that holds it on another connection; changing the
 * journal mode would not wait at all, whatever `busy_timeout` says.
 */
async function whenFree(sqlite: Database.Database, act: () => void): Promise<void> {
  const timeout = sqlite.pragma('busy_timeout', { simple: true })
  sqlite.pragma('busy_timeout = 0')
  for (const start = Date.now(); ; ) {
    try {
      act()
      break
    } catch (error) {
      if (!sqliteCode(error).startsWith('SQLITE_BUSY') || Date.now() - start > Number(timeout)) throw error
      await new Promise((wake) => setTimeout(wake, 10))
    }
  }
  sqlite.pragma(`busy_timeout = ${timeout}`)
}

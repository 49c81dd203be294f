import { closeSync, existsSync, openSync, readFileSync, readSync, rmSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { inWords, LogError, sqliteCode } from './errors.ts'
import { APPLICATION_ID, migrate, SCHEMA_VERSION } from './migrate.ts'
import type { Schema } from './schema.ts'

/** One connection to a database file: `sqlite` for hot paths, `kysely` for ordinary statements on the same connection. */
export interface LogConnection {
  readonly path: string
  readonly sqlite: Database.Database
  readonly kysely: Kysely<Schema>
  close(): void
}

export interface OpenOptions {
  /** How long to wait for another process's transaction, in milliseconds. */
  busyTimeout?: number
}

/** A command may rightly write for some seconds (`rebuild`), so a writer waits longer than that. */
const BUSY_TIMEOUT = 30_000

/**
 * Opens the log for writing; makes it, with its folder's consent, where there is none, and brings an older one up to date.
 * Throws `LogError`.
 */
export async function openWriter(file: string, options: OpenOptions = {}): Promise<LogConnection> {
  const path = resolve(file)
  const isNew = !existsSync(path)
  checkIsDatabase(path)
  let sqlite: Database.Database | undefined
  try {
    sqlite = connect(path, {}, options)
    if (sqlite.readonly) throw new LogError('database-read-only', `${path}: cannot be written; check the rights on it`)
    if (!isCurrent(sqlite, path)) await migrate(sqlite, path)
    sqlite.pragma('synchronous = FULL')
    return connection(path, sqlite)
  } catch (error) {
    sqlite?.close()
    if (isNew) removeIfEmpty(path)
    throw inWords(error, path)
  }
}

/** Opens the log for reading only. The file must exist; what a writer commits later is seen. Throws `LogError`. */
export function openReader(file: string, options: OpenOptions = {}): LogConnection {
  const path = resolve(file)
  if (!existsSync(path))
    throw new LogError(
      'database-missing',
      `${path}: there is no database; make one with: revenant ingest <trace> --db ${file}`,
    )
  checkIsDatabase(path)
  let sqlite: Database.Database | undefined
  try {
    sqlite = connectReader(path, options)
    if (!isCurrent(sqlite, path))
      throw new LogError(
        'not-a-database',
        `${path}: the database is empty or of an older version; run revenant ingest on it once to bring it up to date`,
      )
    return connection(path, sqlite)
  } catch (error) {
    sqlite?.close()
    throw inWords(error, path)
  }
}

function connection(path: string, sqlite: Database.Database): LogConnection {
  const kysely = new Kysely<Schema>({ dialect: new SqliteDialect({ database: sqlite }) })
  return { path, sqlite, kysely, close: () => sqlite.close() }
}

function connect(target: string | Buffer, how: Database.Options, options: OpenOptions): Database.Database {
  const sqlite = new Database(target, { ...how, timeout: options.busyTimeout ?? BUSY_TIMEOUT })
  sqlite.pragma('foreign_keys = ON')
  // 16 MiB of pages; the blobs of segments are read once and would only push out what is asked again.
  sqlite.pragma('cache_size = -16384')
  return sqlite
}

/**
 * A reader of a WAL database writes its `-shm` file. In a folder where it may not, and where no writer has left a WAL
 * behind, the file is read as a whole instead: SQLite could open it as immutable, which this build offers no way to say.
 */
function connectReader(path: string, options: OpenOptions): Database.Database {
  const how = { readonly: true, fileMustExist: true }
  let sqlite: Database.Database | undefined
  try {
    sqlite = connect(path, how, options)
    sqlite.pragma('schema_version')
    return sqlite
  } catch (error) {
    sqlite?.close()
    const code = sqliteCode(error)
    const mayNotWrite = code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_READONLY')
    if (!mayNotWrite || statSync(`${path}-wal`, { throwIfNoEntry: false })?.size) throw error
    const content = readFileSync(path)
    content.fill(ROLLBACK_JOURNAL, 18, 20)
    return connect(content, { readonly: true }, options)
  }
}

/** In the database header, "file format write version" and "read version": 1 is a rollback journal, 2 is WAL. */
const ROLLBACK_JOURNAL = 1

/** Refuses in words what SQLite would report in its own, or, for a folder or another program's database, not at all. */
function checkIsDatabase(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) {
    if (!existsSync(dirname(path)))
      throw new LogError(
        'database-missing',
        `${path}: its folder does not exist; make it, or give another name with --db`,
      )
    return
  }
  if (!stat.isFile())
    throw new LogError('not-a-database', `${path}: this is no file; give the name of a database file with --db`)
  if (stat.size === 0) return
  const head = Buffer.alloc(100)
  let length: number
  try {
    const fd = openSync(path, 'r')
    length = readSync(fd, head, 0, 100, 0)
    closeSync(fd)
  } catch (error) {
    throw new LogError(
      'database-read-only',
      `${path}: cannot be read (${(error as Error).message}); check its rights`,
      error,
    )
  }
  if (head.toString('latin1', 0, 16) !== 'SQLite format 3\0')
    throw new LogError(
      'not-a-database',
      `${path}: this file is no SQLite database, nothing was written to it; give another name with --db`,
    )
  if (length < 100)
    throw new LogError(
      'database-damaged',
      `${path}: the database is cut short; restore it from a copy, or give a new name with --db`,
    )
}

/** True where nothing is to do; throws where this code must keep its hands off. */
function isCurrent(sqlite: Database.Database, path: string): boolean {
  const application = sqlite.pragma('application_id', { simple: true })
  const version = Number(sqlite.pragma('user_version', { simple: true }))
  if (application === 0 && version === 0) {
    const tables = sqlite.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()
    if (tables === 0) return false
  }
  if (application !== APPLICATION_ID)
    throw new LogError(
      'not-a-database',
      `${path}: this SQLite database belongs to another program, nothing was written to it; give another name with --db`,
    )
  if (version > SCHEMA_VERSION)
    throw new LogError(
      'database-newer',
      `${path}: made by a newer revenant (schema ${version}, this one knows ${SCHEMA_VERSION}); use that version, or give another name with --db`,
    )
  return version === SCHEMA_VERSION
}

/** A database that could not be made leaves no empty file behind. */
function removeIfEmpty(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.size === 0) rmSync(path, { force: true })
}

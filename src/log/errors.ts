import { basename } from 'node:path'

export type LogErrorCode =
  | 'database-missing'
  | 'not-a-database'
  | 'database-newer'
  | 'database-read-only'
  | 'database-locked'
  | 'disk-full'
  | 'database-damaged'
  | 'capture-busy'
  | 'capture-changed'

/** CONTRACT §1: 3 where the file given cannot be used, 70 where it could and the machine stands in the way. */
const EXIT_CODES: Record<LogErrorCode, 3 | 70> = {
  'database-missing': 3,
  'not-a-database': 3,
  'database-newer': 3,
  'database-read-only': 3,
  'database-locked': 70,
  'disk-full': 70,
  'database-damaged': 3,
  'capture-busy': 70,
  'capture-changed': 3,
}

/** What can go wrong with the log. `message` says what, where and what to do next; `exitCode` is the command's. */
export class LogError extends Error {
  readonly code: LogErrorCode
  readonly exitCode: 3 | 70

  constructor(code: LogErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'LogError'
    this.code = code
    this.exitCode = EXIT_CODES[code]
  }
}

/** SQLite's result code, such as `SQLITE_BUSY_SNAPSHOT`, or '' for any other error. */
export function sqliteCode(error: unknown): string {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : ''
}

/** Puts SQLite's error into words; any other error (a trigger's ABORT too) comes back as it is. */
export function inWords(error: unknown, path: string): unknown {
  if (error instanceof LogError) return error
  const code = sqliteCode(error)
  const words = (kind: LogErrorCode, text: string) => new LogError(kind, `${path}: ${text}`, error)
  if (code === 'SQLITE_NOTADB')
    return words(
      'not-a-database',
      `this file is no SQLite database, nothing was written to it; give another name with --db`,
    )
  if (code.startsWith('SQLITE_CORRUPT'))
    return words(
      'database-damaged',
      `the database is damaged; restore it from a copy, or ingest the traces into a new one with --db`,
    )
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
    return words(
      'database-locked',
      `another process has been writing for too long; wait for it to end, then run this again`,
    )
  if (code === 'SQLITE_FULL')
    return words(
      'disk-full',
      `the disk is full; what was committed stays: make room, then ingest the same file again to go on where it stopped`,
    )
  if (
    code.startsWith('SQLITE_READONLY') ||
    code === 'SQLITE_CANTOPEN' ||
    code === 'SQLITE_PERM' ||
    code === 'SQLITE_AUTH'
  )
    return words(
      'database-read-only',
      `cannot be written; check the rights on ${basename(path)} and on its folder, or name a place you own with --db`,
    )
  if (code.startsWith('SQLITE_IOERR'))
    return words(
      'disk-full',
      `the disk refused a read or write (${code}); check its space and its health, then run this again`,
    )
  return error
}

import Database from 'better-sqlite3'
import { type Capture, listCaptures } from '../log/captures.ts'
import type { LogConnection } from '../log/connection.ts'
import { readInputs } from '../log/read-inputs.ts'
import { type Problem, verifyCapture } from '../log/verify-capture.ts'
import { compareTables } from './compare-tables.ts'
import { createFold, FOLD_VERSION } from './fold.ts'
import { type FoldFactory, foldFor, refold } from './refold.ts'
import { createStore, readCheckpoint } from './store.ts'
import { PROJECTED } from './tables.ts'
import { checkSnapshots } from './verify-snapshots.ts'

export type { Problem } from '../log/verify-capture.ts'

export interface VerifyOptions {
  createFold?: FoldFactory
  version?: string
  onProgress?: (done: { captures: number; of: number }) => void
}

/**
 * Proves the database sound: SQLite's own check, every segment against its checksum and its neighbours, counts, digests
 * and dictionary, and the read models against a fresh replay. Problems are values; an empty list is a sound database.
 * All of it is one read transaction, so that an ingest meanwhile changes nothing under it.
 */
export function verify(db: LogConnection, options: VerifyOptions = {}): Problem[] {
  const { sqlite } = db
  sqlite.exec('BEGIN')
  try {
    const problems = checkFile(sqlite)
    if (problems.length > 0) return problems
    const captures = listCaptures(sqlite)
    for (const [done, capture] of captures.entries()) {
      options.onProgress?.({ captures: done, of: captures.length })
      const found = verifyCapture(sqlite, capture)
      // A log that cannot be read back cannot be replayed either.
      problems.push(...(found.length > 0 ? found : verifyReadModels(sqlite, capture, options)))
    }
    return problems
  } finally {
    sqlite.exec('ROLLBACK')
  }
}

function checkFile(sqlite: Database.Database): Problem[] {
  const problem = (message: string): Problem => ({ code: 'file', capture: null, message })
  try {
    const integrity = sqlite.prepare('PRAGMA integrity_check').pluck().all() as string[]
    const foreign = sqlite.prepare('PRAGMA foreign_key_check').all() as { table: string; rowid: number }[]
    return [
      ...integrity.filter((line) => line !== 'ok').map((line) => problem(`SQLite: ${line}`)),
      ...foreign.map(({ table, rowid }) => problem(`row ${rowid} of ${table} names a capture that is not there`)),
    ]
  } catch (error) {
    return [problem(`SQLite cannot read the file: ${(error as Error).message}`)]
  }
}

function verifyReadModels(sqlite: Database.Database, capture: Capture, options: VerifyOptions): Problem[] {
  const version = options.version ?? FOLD_VERSION
  const problem = (message: string): Problem => ({ code: 'read-models', capture: capture.capture, message })
  const checkpoint = readCheckpoint(sqlite, capture.capture)
  // Until its end is reached, a capture whose times ran backwards is folded no further than there.
  if (!capture.complete && !capture.ordered) return []
  if (!checkpoint) return [problem('its read models were never made; run revenant rebuild')]
  if (checkpoint.version !== version)
    return [problem(`its read models are of version ${checkpoint.version}, not ${version}; run revenant rebuild`)]

  const fresh = new Database('')
  try {
    copySchema(sqlite, fresh)
    const store = createStore(fresh, capture.capture, sqlite)
    const fold = foldFor(capture, options.createFold ?? createFold, readInputs(sqlite, capture.capture))
    const snapshots = checkSnapshots(sqlite, capture.capture, version)
    refold(sqlite, capture, fold, {
      store,
      finish: capture.complete,
      onFed: ({ seq }) => snapshots.onFed(fold, seq),
    })
    store.writeCheckpoint({ version, seq: capture.events, finished: capture.complete, tier: fold.tier() })
    const differing = PROJECTED.flatMap((table) => compareTables(sqlite, fresh, table, capture.capture))
    return [...differing, ...snapshots.problems()].map(problem)
  } catch (error) {
    return [problem(`the log cannot be replayed: ${(error as Error).message}`)]
  } finally {
    fresh.close()
  }
}

function copySchema(from: Database.Database, to: Database.Database): void {
  const select = from.prepare(`SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?`).pluck()
  to.pragma('foreign_keys = OFF')
  to.pragma('synchronous = OFF')
  for (const table of PROJECTED) to.exec(select.get(table) as string)
}

import type Database from 'better-sqlite3'
import type { Changes, MeaningBatch } from '../domain/read-model.ts'
import { capturesWithHead, findCapture } from '../log/captures.ts'
import { captureKey, findingName } from './finding-name.ts'
import type { ReadModel, RowContext, Value } from './read-model-table.ts'
import { PROJECTED, READ_MODELS } from './tables.ts'

/** Where the events of a fold are in the log: the fold counts them in the order it is fed. */
export interface Numbering {
  /** Event number in the capture of the fold's nth event. */
  seqOf(n: number): number
  /** Log position of an event number. */
  positionOf(seq: number): number
}

export interface Checkpoint {
  version: string
  /** Events folded. */
  seq: number
  finished: boolean
  tier: string | null
}

/** All that a fold knew after `seq` events, the last of them at `ns`. */
export interface Snapshot {
  seq: number
  ns: bigint
  version: string
  packed: Buffer
}

/** Read models of one capture. Every call writes, inside the transaction of whoever folds. */
export interface Store {
  write(changes: Changes, numbering: Numbering): void
  writeMeaning(batch: Pick<MeaningBatch, 'firstSeq' | 'count'>, packed: Buffer): void
  writeCheckpoint(checkpoint: Checkpoint): void
  writeSnapshot(snapshot: Snapshot): void
  /** Removes all that the capture has in the read models, and its snapshots. */
  clear(): void
}

/** Rows a statement: one row a statement costs twice the time, more than this gains nothing. */
const ROWS = 32

/** `log` tells which trace the capture is, where the read models are written elsewhere (`verify`). */
export function createStore(sqlite: Database.Database, capture: number, log: Database.Database = sqlite): Store {
  const writers = READ_MODELS.map((model) => createRowWriter(sqlite, capture, model))
  const insertDevice = sqlite.prepare('REPLACE INTO device (capture, id, name) VALUES (?, ?, ?)')
  const insertMeaning = sqlite.prepare('REPLACE INTO meaning (capture, first_seq, events, columns) VALUES (?, ?, ?, ?)')
  return {
    write(changes, { seqOf, positionOf }) {
      // Asked anew for each batch: a capture that is followed gets another key while its head grows.
      const key = changes.findings.length > 0 ? keyOf(log, capture) : ''
      const context: RowContext = {
        findingName: (row) => findingName(key, { ...row, evidence: row.evidence.slice(0, 1).map(seqOf) }),
        position: (n) => positionOf(seqOf(n)),
      }
      for (const write of writers) write(changes, context)
      for (const [k, name] of changes.devices.entries()) insertDevice.run(capture, changes.firstDevice + k, name)
    },
    writeMeaning({ firstSeq, count }, packed) {
      if (count > 0) insertMeaning.run(capture, firstSeq, count, packed)
    },
    writeCheckpoint({ version, seq, finished, tier }) {
      sqlite
        .prepare('REPLACE INTO checkpoint (capture, version, seq, finished, tier) VALUES (?, ?, ?, ?, ?)')
        .run(capture, version, seq, finished ? 1 : 0, tier)
    },
    writeSnapshot({ seq, ns, version, packed }) {
      sqlite
        .prepare('REPLACE INTO snapshot (capture, seq, ts_ns, version, state) VALUES (?, ?, ?, ?, ?)')
        .run(capture, seq, ns, version, packed)
    },
    clear() {
      for (const table of [...PROJECTED, 'snapshot'])
        sqlite.prepare(`DELETE FROM ${table} WHERE capture = ?`).run(capture)
    },
  }
}

export function readCheckpoint(sqlite: Database.Database, capture: number): Checkpoint | undefined {
  const row = sqlite.prepare('SELECT version, seq, finished, tier FROM checkpoint WHERE capture = ?').get(capture) as
    | { version: string; seq: number; finished: number; tier: string | null }
    | undefined
  return row && { ...row, finished: row.finished === 1 }
}

export function keyOf(log: Database.Database, capture: number): string {
  const { headDigest } = findCapture(log, capture)!
  return captureKey(headDigest, capturesWithHead(log, headDigest).filter((other) => other.capture < capture).length)
}

function createRowWriter(sqlite: Database.Database, capture: number, model: ReadModel<never>) {
  const columns = ['capture', ...model.columns].map((name) => `"${name}"`).join(', ')
  const row = `(${Array(model.columns.length + 1)
    .fill('?')
    .join(', ')})`
  const statement = (rows: number) =>
    sqlite.prepare(`REPLACE INTO ${model.name} (${columns}) VALUES ${Array(rows).fill(row).join(', ')}`)
  let many: Database.Statement | undefined
  let one: Database.Statement | undefined
  return (changes: Changes, context: RowContext) => {
    const rows = changes[model.from] as never[]
    let i = 0
    while (rows.length - i >= ROWS) {
      many ??= statement(ROWS)
      const values: Value[] = []
      for (const end = i + ROWS; i < end; i++) values.push(capture, ...model.values(rows[i]!, context))
      many.run(values)
    }
    for (; i < rows.length; i++) {
      one ??= statement(1)
      one.run(capture, ...model.values(rows[i]!, context))
    }
  }
}

import type Database from 'better-sqlite3'
import { type Capture, listCaptures } from '../../log/captures.ts'
import type { BufferAt, WorldRows } from './rows.ts'
import { type StateAt, stateAt } from './state-at.ts'

export interface StateQuestion {
  /** Null: the one whose time it is. */
  capture: number | null
  at: bigint
  /** As two's complement, as the log keeps it. */
  ino?: bigint | undefined
  /** Exporter or importer. */
  device?: string | undefined
}

/** Why a question has no answer. Times are of the capture's clock. */
export type StateRefusal =
  | { why: 'no-captures' | 'no-such-capture' | 'no-such-buffer' | 'no-such-device' }
  | { why: 'outside'; captures: Capture[] }
  | { why: 'several'; captures: Capture[] }

export interface StateAnswer {
  capture: Capture
  state: StateAt
}

/** Answers from the log as it stands; call it inside a read transaction. */
export function askState(sqlite: Database.Database, question: StateQuestion): StateAnswer | StateRefusal {
  const { at, ino, device } = question
  const all = listCaptures(sqlite)
  if (all.length === 0) return { why: 'no-captures' }
  const named = all.filter(({ capture }) => question.capture === null || capture === question.capture)
  if (named.length === 0) return { why: 'no-such-capture' }
  const known = named.filter(({ capture }) => ino === undefined || hasBuffer(sqlite, capture, ino))
  if (known.length === 0) return { why: 'no-such-buffer' }
  const involved = known.filter(({ capture }) => device === undefined || hasDevice(sqlite, capture, device))
  if (involved.length === 0) return { why: 'no-such-device' }
  const within = involved.filter(
    ({ firstNs, lastNs }) => firstNs !== null && firstNs <= at && lastNs !== null && at <= lastNs,
  )
  if (within.length === 0) return { why: 'outside', captures: involved }
  if (within.length > 1) return { why: 'several', captures: within }
  const capture = within[0]!
  const state = stateAt(sqlite, capture, at, { ino: ino === undefined ? undefined : BigInt.asUintN(64, ino) })
  if (ino !== undefined) {
    if (state.buffers.length === 0) state.buffers.push(...releasedBefore(sqlite, capture.capture, ino, at))
    keepOwn(state)
  }
  if (device !== undefined) keepDevice(state, device)
  return { capture, state }
}

function hasBuffer(sqlite: Database.Database, capture: number, ino: bigint): boolean {
  return sqlite.prepare('SELECT 1 FROM buffer WHERE capture = ? AND ino = ? LIMIT 1').get(capture, ino) !== undefined
}

function hasDevice(sqlite: Database.Database, capture: number, device: string): boolean {
  const tables = ['device WHERE name', 'buffer WHERE exporter_device', 'attachment WHERE importer_device']
  const sql = tables.map((where) => `SELECT 1 FROM ${where} = @device AND capture = @capture`).join(' UNION ALL ')
  return sqlite.prepare(`${sql} LIMIT 1`).get({ device, capture }) !== undefined
}

/** Of what a buffer's story has: it, and the device that exported it. */
function keepOwn(state: WorldRows): void {
  const exporters = new Set(state.buffers.map(({ exporterDevice }) => exporterDevice))
  const ids = new Set(state.buffers.map(({ id }) => id))
  state.devices = state.devices.filter(
    ({ device, buffers }) => (device !== null && exporters.has(device)) || buffers.some((id) => ids.has(id)),
  )
  state.attachments = []
}

/** The device itself, what it exported, and what it is attached to. */
function keepDevice(state: WorldRows, name: string): void {
  state.devices = state.devices.filter(({ device }) => device === name)
  state.buffers = state.buffers.flatMap((buffer) => {
    if (buffer.exporterDevice === name) return [buffer]
    const attachments = buffer.attachments.filter(({ importerDevice }) => importerDevice === name)
    return attachments.length > 0 ? [{ ...buffer, attachments }] : []
  })
  state.attachments = state.attachments.filter(({ importerDevice }) => importerDevice === name)
}

/** A buffer so long gone that the fold has forgotten it: the read model has not. */
function releasedBefore(sqlite: Database.Database, capture: number, ino: bigint, at: bigint): BufferAt[] {
  const row = sqlite
    .prepare(
      `SELECT id, exporter, exporter_device AS exporterDevice, size, exported_ns AS exportedNs,
         released_ns AS releasedNs FROM buffer
       WHERE capture = ? AND ino = ? AND released_ns <= ? ORDER BY released_ns DESC LIMIT 1`,
    )
    .safeIntegers()
    .get(capture, ino, at) as Gone | undefined
  if (!row) return []
  const size = row.size === null ? null : BigInt.asUintN(64, row.size)
  const nothing = { replaced: false, revocation: null, attachments: [], mappings: [], fences: [] }
  const own = { ...row, id: Number(row.id), ino: BigInt.asUintN(64, ino), size }
  return [{ ...own, state: 'released', sinceNs: row.releasedNs, ...nothing }]
}

interface Gone {
  id: bigint
  exporter: string | null
  exporterDevice: string | null
  size: bigint | null
  exportedNs: bigint | null
  releasedNs: bigint
}

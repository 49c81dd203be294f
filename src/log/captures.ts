import type Database from 'better-sqlite3'
import { HEAD_BYTES } from './content.ts'

/** What the reader of a capture found out about it; null is unknown. */
export interface CaptureFacts {
  format: string | null
  clock: string | null
  /** Times are ticks of an unknown unit. */
  ticks: boolean
  host: string | null
  bootId: string | null
  kernel: string | null
  /** How many lines of which events were ignored. */
  ignoredNames?: Readonly<Record<string, number>>
}

/** A capture's row. `bytes`, `lines` and the counts are of what was committed so far. */
export interface Capture extends CaptureFacts {
  capture: number
  name: string
  digest: string | null
  headDigest: string
  prefixDigest: string
  complete: boolean
  /** Parsed. */
  options: unknown
  /** State of the layout parser after `bytes`, parsed. */
  parser: unknown
  writer: string | null
  bytes: number
  lines: number
  events: number
  ignored: number
  malformed: number
  structural: number
  lost: bigint
  ordered: boolean
  firstNs: bigint | null
  lastNs: bigint | null
}

export function findCapture(sqlite: Database.Database, capture: number): Capture | undefined {
  return select(sqlite, 'capture = ?', capture)[0]
}

/** All captures, in the order they were begun. */
export function listCaptures(sqlite: Database.Database): Capture[] {
  return select(sqlite, 'TRUE')
}

/** Captures that begin with the same 64 KiB. */
export function capturesWithHead(sqlite: Database.Database, headDigest: string): Capture[] {
  return select(sqlite, 'head_digest = ?', headDigest)
}

/** Unfinished captures of which fewer bytes than the 64 KiB that name a content were committed: their head may grow. */
export function shortCaptures(sqlite: Database.Database): Capture[] {
  return select(sqlite, `status = 'reading' AND bytes < ${HEAD_BYTES}`)
}

/** The capture whose content has this SHA-256. */
export function captureWithDigest(sqlite: Database.Database, digest: string): Capture | undefined {
  return select(sqlite, 'digest = ?', digest)[0]
}

type Row = Record<string, string | bigint | null>

function select(sqlite: Database.Database, where: string, ...values: (string | number)[]): Capture[] {
  const rows = sqlite
    .prepare(`SELECT * FROM capture WHERE ${where} ORDER BY capture`)
    .safeIntegers()
    .all(...values) as Row[]
  return rows.map((row) => ({
    capture: Number(row.capture),
    name: row.name as string,
    digest: row.digest as string | null,
    headDigest: row.head_digest as string,
    prefixDigest: row.prefix_digest as string,
    complete: row.status === 'complete',
    options: JSON.parse(row.options as string),
    parser: JSON.parse(row.parser as string),
    writer: row.writer as string | null,
    format: row.format as string | null,
    clock: row.clock as string | null,
    ticks: row.ticks === 1n,
    host: row.host as string | null,
    bootId: row.boot_id as string | null,
    kernel: row.kernel as string | null,
    ignoredNames: JSON.parse(row.ignored_names as string),
    bytes: Number(row.bytes),
    lines: Number(row.lines),
    events: Number(row.events),
    ignored: Number(row.ignored),
    malformed: Number(row.malformed),
    structural: Number(row.structural),
    lost: row.lost as bigint,
    ordered: row.ordered === 1n,
    firstNs: row.first_ns as bigint | null,
    lastNs: row.last_ns as bigint | null,
  }))
}

/** Appending to the log. Every function here writes, and is called inside the transaction of whoever appends. */
import { createHash } from 'node:crypto'
import type Database from 'better-sqlite3'
import type { BatchSummary, TimeRange } from './batch-summary.ts'
import { type Capture, type CaptureFacts, capturesWithHead, findCapture } from './captures.ts'
import { LogError, sqliteCode } from './errors.ts'
import { livingWriter } from './writer.ts'

/** A batch made ready outside the transaction: nothing is left to do in it but to insert. */
export interface PackedBatch {
  summary: BatchSummary
  columns: Buffer
  text: Buffer
  /** SHA-256 of the content up to the end of this summary. */
  prefixDigest: string
  /** SHA-256 of its first 64 KiB; of what there is of them, where the content is followed. */
  headDigest: string
  parser: unknown
  facts: CaptureFacts
  /** SHA-256 of `text` and `columns`, see `checksumOf`. */
  checksum: string
}

export interface NewCapture {
  name: string
  headDigest: string
  /** JSON-able. */
  options: unknown
  /** From `claimWriter`. */
  writer: string
}

/** Begins a capture without lines; its first batch belongs in the same transaction. Throws `LogError` `capture-busy`. */
export function beginCapture(sqlite: Database.Database, start: NewCapture): Capture {
  for (const other of capturesWithHead(sqlite, start.headDigest)) refuseBusy(other)
  const { lastInsertRowid } = sqlite
    .prepare(
      `INSERT INTO capture (name, head_digest, prefix_digest, status, options, parser, writer)
       VALUES (?, ?, ?, 'reading', ?, 'null', ?)`,
    )
    .run(start.name, start.headDigest, createHash('sha256').digest('hex'), JSON.stringify(start.options), start.writer)
  return findCapture(sqlite, Number(lastInsertRowid))!
}

/** Takes over an interrupted capture. Throws `LogError` `capture-busy` where it was not interrupted after all. */
export function resumeCapture(sqlite: Database.Database, known: Capture, writer: string): void {
  const now = findCapture(sqlite, known.capture)!
  refuseBusy(now)
  if (now.bytes !== known.bytes || now.complete) throw busy(now.name, now.capture)
  sqlite.prepare('UPDATE capture SET writer = ? WHERE capture = ?').run(writer, known.capture)
}

/** Gives an unfinished capture up to the next ingest. */
export function leaveCapture(sqlite: Database.Database, capture: number, writer: string): void {
  sqlite
    .prepare(`UPDATE capture SET writer = NULL WHERE capture = ? AND writer = ? AND status = 'reading'`)
    .run(capture, writer)
}

/** Where a batch came to lie. */
export interface Placed {
  firstPosition: number
  firstSeq: number
}

/** Appends a batch behind the others of its capture. */
export function appendBatch(sqlite: Database.Database, capture: number, packed: PackedBatch, range: TimeRange): Placed {
  const { summary } = packed
  const strings = sqlite.prepare('INSERT INTO string (capture, id, text) VALUES (?, ?, ?)')
  try {
    const last = sqlite
      .prepare(
        `SELECT number, first_seq + events AS seq, first_line + lines AS line, first_byte + bytes AS byte
         FROM segment WHERE capture = ? ORDER BY number DESC LIMIT 1`,
      )
      .get(capture) as { number: number; seq: number; line: number; byte: number } | undefined
    if (summary.firstLine !== (last?.line ?? 1)) throw new LogError('capture-busy', ANOTHER)
    const firstPosition = sqlite
      .prepare('SELECT first_position + events FROM segment ORDER BY segment DESC LIMIT 1')
      .pluck()
      .get() as number | undefined
    const place = { firstPosition: firstPosition ?? 1, firstSeq: last?.seq ?? 0 }
    sqlite
      .prepare(
        `INSERT INTO segment (first_position, capture, number, first_seq, events, first_line, lines, first_byte, bytes,
           first_ns, last_ns, notes, columns, text, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        place.firstPosition,
        capture,
        last ? last.number + 1 : 0,
        place.firstSeq,
        summary.events,
        summary.firstLine,
        summary.lines,
        last?.byte ?? 0,
        summary.bytes,
        range.first,
        range.last,
        summary.notes,
        packed.columns,
        packed.text,
        packed.checksum,
      )
    for (const [i, text] of summary.strings.entries()) strings.run(capture, summary.firstString + i, text)
    sqlite
      .prepare(
        `UPDATE capture SET prefix_digest = ?, head_digest = ?, parser = ?, ${SET_FACTS},
           bytes = bytes + ?, lines = lines + ?, events = events + ?, ignored = ignored + ?, malformed = malformed + ?,
           structural = structural + ?, lost = lost + ?, ordered = min(ordered, ?),
           first_ns = coalesce(min(first_ns, ?), ?, first_ns), last_ns = coalesce(max(last_ns, ?), ?, last_ns)
         WHERE capture = ?`,
      )
      .run(
        packed.prefixDigest,
        packed.headDigest,
        JSON.stringify(packed.parser ?? null),
        ...factValues(packed.facts),
        summary.bytes,
        summary.lines,
        summary.events,
        summary.ignored,
        summary.malformed,
        summary.structural,
        summary.lost,
        range.ordered ? 1 : 0,
        range.first,
        range.first,
        range.last,
        range.last,
        capture,
      )
    return place
  } catch (error) {
    if (sqliteCode(error) === 'SQLITE_CONSTRAINT_TRIGGER') throw new LogError('capture-busy', ANOTHER, error)
    throw error
  }
}

/** The whole content was read: from here on the capture never changes. */
export function completeCapture(sqlite: Database.Database, capture: number, digest: string, facts: CaptureFacts): void {
  sqlite
    .prepare(
      `UPDATE capture SET status = 'complete', digest = ?, prefix_digest = ?, parser = 'null', writer = NULL, ${SET_FACTS}
       WHERE capture = ?`,
    )
    .run(digest, digest, ...factValues(facts), capture)
}

const SET_FACTS = 'format = ?, clock = ?, ticks = ?, host = ?, boot_id = ?, kernel = ?, ignored_names = ?'

function factValues({ format, clock, ticks, host, bootId, kernel, ignoredNames }: CaptureFacts) {
  return [format, clock, ticks ? 1 : 0, host, bootId, kernel, JSON.stringify(ignoredNames ?? {})]
}

/** What `segment.checksum` holds. */
export function checksumOf(text: Buffer, columns: Buffer): string {
  return createHash('sha256').update(text).update(columns).digest('hex')
}

const ANOTHER =
  'another process is appending to the same capture, nothing of this batch was written; wait for it to end, then run this again'

function refuseBusy(capture: Capture): void {
  if (livingWriter(capture.writer) !== null) throw busy(capture.name, capture.capture, livingWriter(capture.writer))
}

function busy(name: string, capture: number, pid: number | null = null): LogError {
  const who = pid === null ? 'another process' : `process ${pid}`
  return new LogError(
    'capture-busy',
    `${who} is ingesting ${name} as capture ${capture}, whose content begins the same; wait for it to end, then run this again`,
  )
}

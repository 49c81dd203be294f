import { createHash } from 'node:crypto'
import type Database from 'better-sqlite3'
import { lineBytes, UNNAMED } from '../domain/record.ts'
import { checksumOf } from './append.ts'
import { summarise, timeRange } from './batch-summary.ts'
import type { Capture } from './captures.ts'
import { unpackColumns } from './segment-codec.ts'
import { blob, joinBatch, listSegments, readStrings, type Segment } from './segments.ts'
import { unzstd } from './zstd.ts'

/** Something that is not as the log promises. `capture` is null where it concerns the whole file. */
export interface Problem {
  code: 'file' | 'segment' | 'counts' | 'digest' | 'dictionary' | 'read-models'
  capture: number | null
  message: string
}

/** Reads a capture's log back, line by line, and compares it with what its row says. */
export function verifyCapture(sqlite: Database.Database, capture: Capture): Problem[] {
  const problems: Problem[] = []
  const tell = (code: Problem['code'], message: string) => problems.push({ code, capture: capture.capture, message })
  const strings = readStrings(sqlite, capture.capture)
  const hash = createHash('sha256')
  const sums = { bytes: 0, lines: 0, events: 0, ignored: 0, malformed: 0, structural: 0, lost: 0n, strings: 0 }
  let whole = true
  let ordered = true
  let before: bigint | null = null
  for (const segment of listSegments(sqlite, { capture: capture.capture })) {
    const where = `segment ${segment.number} (lines ${segment.firstLine} to ${segment.firstLine + segment.lines - 1})`
    if (segment.firstSeq !== sums.events || segment.firstLine !== sums.lines + 1 || segment.firstByte !== sums.bytes)
      tell('segment', `${where} does not follow the one before it`)
    try {
      const batch = readChecked(sqlite, segment, strings)
      const summary = summarise(batch)
      if (summary.bytes !== segment.bytes || summary.lines !== segment.lines || summary.events !== segment.events)
        tell(
          'counts',
          `${where} holds ${summary.lines} lines, ${summary.events} events, ${summary.bytes} bytes: not what its row says`,
        )
      if (batch.firstString !== sums.strings)
        tell('dictionary', `${where} begins at string ${batch.firstString}, not at ${sums.strings}`)
      const range = timeRange(batch, before)
      if (range.first !== segment.firstNs || range.last !== segment.lastNs)
        tell('segment', `${where} has other times than its row`)
      ordered &&= range.ordered
      if (batch.count > 0) before = batch.time[batch.count - 1]!
      const lines = lineBytes(batch)
      hash.update(lines)
      whole &&= summary.bytes === lines.length
      for (const key of ['ignored', 'malformed', 'structural'] as const) sums[key] += summary[key]
      sums.lost += summary.lost
      sums.strings += batch.strings.length
    } catch (error) {
      tell(
        'segment',
        `${where}: ${(error as Error).message}; restore the database from a copy, or ingest the trace into a new one`,
      )
      whole = false
    }
    sums.bytes += segment.bytes
    sums.lines += segment.lines
    sums.events += segment.events
  }
  if (problems.length > 0) return problems
  for (const key of ['bytes', 'lines', 'events', 'ignored', 'malformed', 'structural', 'lost'] as const)
    if (sums[key] !== capture[key]) tell('counts', `${key} is ${capture[key]}, the segments have ${sums[key]}`)
  if (ordered !== capture.ordered) tell('counts', `ordered is ${capture.ordered}, the segments say ${ordered}`)
  if (sums.strings !== strings.length)
    tell('dictionary', `${strings.length} strings are stored, the segments name ${sums.strings}`)
  // An overlong line was not kept whole: then the content cannot be hashed again.
  const digest = whole ? hash.digest('hex') : capture.prefixDigest
  if (digest !== capture.prefixDigest || (capture.complete && digest !== capture.digest))
    tell('digest', `its lines have the SHA-256 ${digest}, which is not the one that was read`)
  return problems
}

function readChecked(sqlite: Database.Database, segment: Segment, strings: string[]) {
  const text = blob(sqlite, 'text', segment)
  const columns = blob(sqlite, 'columns', segment)
  const checksum = sqlite.prepare('SELECT checksum FROM segment WHERE segment = ?').pluck().get(segment.segment)
  if (checksumOf(text, columns) !== checksum) throw new Error('the stored bytes do not have their checksum')
  const unpacked = unpackColumns(columns)
  const bytes = unzstd(text, unpacked.textBytes)
  const named = (id: number) => id < strings.length
  for (let i = 0; i < unpacked.count; i++)
    if (!named(unpacked.name[i]!) || !(named(unpacked.comm[i]!) || unpacked.comm[i] === UNNAMED))
      throw new Error(`event ${segment.firstSeq + i} names a string that is not there`)
  return joinBatch(sqlite, segment, strings, unpacked, bytes)
}

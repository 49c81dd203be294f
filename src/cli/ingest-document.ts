import type Database from 'better-sqlite3'
import type { Severity } from '../domain/rules.ts'
import type { Capture } from '../log/captures.ts'
import type { IngestOutcome } from '../projection/ingest-request.ts'
import { readCheckpoint } from '../projection/store.ts'
import { standingOf } from './evidence.ts'
import { mostFirst } from './ignored-names.ts'

/** What `ingest --json` prints for a file. Counts are numbers; null is unknown. */
export interface IngestDocument {
  capture: number
  file: string
  /** Layout of the text. */
  format: string | null
  /** SHA-256 of the decompressed content; null where it was not read to its end. */
  digest: string | null
  clock: string | null
  kernel: string | null
  /** `lines = events + ignored + malformed + structural`. */
  lines: number
  events: number
  ignored: number
  /** How many lines of which events were ignored, the most frequent first. */
  ignored_by_name: Record<string, number>
  malformed: number
  structural: number
  /** Events known to be missing. */
  lost: number
  /** The log had this content already: nothing was appended. */
  duplicate: boolean
  /** False where the ingest was interrupted; the next one of the same content goes on. */
  complete: boolean
  /** Stretches of time in which events are missing. */
  gaps: number
  /** Violated findings only. */
  findings: Record<Severity, number>
  /** Findings that the trace leaves open, whatever their severity. */
  undetermined: number
  tier: string | null
}

export function ingestDocument(
  sqlite: Database.Database,
  file: string,
  capture: Capture,
  { duplicate }: Pick<IngestOutcome, 'duplicate'>,
): IngestDocument {
  const { violated, undetermined, gaps } = standingOf(sqlite, capture.capture)
  return {
    capture: capture.capture,
    file,
    format: capture.format,
    digest: capture.digest,
    clock: capture.clock,
    kernel: capture.kernel,
    lines: capture.lines,
    events: capture.events,
    ignored: capture.ignored,
    ignored_by_name: Object.fromEntries(mostFirst(capture)),
    malformed: capture.malformed,
    structural: capture.structural,
    lost: Number(capture.lost),
    duplicate,
    complete: capture.complete,
    gaps,
    findings: violated,
    undetermined,
    tier: readCheckpoint(sqlite, capture.capture)?.tier ?? null,
  }
}

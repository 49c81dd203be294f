import type { FindingRow } from '../domain/read-model.ts'
import type { RecordBatch } from '../domain/record.ts'
import type { Capture, CaptureFacts } from '../log/captures.ts'
import type { LogConnection } from '../log/connection.ts'
import type { Content } from '../log/content.ts'
import type { FoldFactory } from './refold.ts'
import type { SnapshotPolicy } from './take-snapshots.ts'

/** Reads one content; the layout's parser behind a common face. */
export interface BatchReader {
  /** Batches in order, whose ends the content alone decides. A batch is used until the next one is asked for. */
  batches: AsyncIterable<RecordBatch>
  /** JSON-able; taken when a batch was handed over and before the next one is asked for. */
  state(): unknown
  facts(): CaptureFacts
}

export interface ReaderStart {
  /** The content from where reading goes on. */
  bytes: AsyncIterable<Buffer>
  /** Where an interrupted ingest stopped; null at the beginning. `strings` is the dictionary so far. */
  resume: { state: unknown; strings: string[] } | null
  /** To be given every byte in order; when a batch is handed over, exactly the bytes up to its end. */
  onBytes(bytes: Buffer): void
}

export interface Progress {
  /** Committed so far, of the whole capture. */
  bytes: number
  lines: number
  events: number
  findings: number
  /** False once a time stamp was earlier than the one before it: findings then wait for the end. */
  ordered: boolean
}

export interface IngestRequest {
  /** From `openWriter`. */
  db: LogConnection
  content: Content
  /** Options that change what is read or what it means, JSON-able; kept with the capture and given to the fold. */
  options: unknown
  read(start: ReaderStart): BatchReader
  /** Ends the ingest after the batch at hand; the next ingest of the same content goes on there. */
  signal?: AbortSignal
  onProgress?(progress: Progress): void
  /** Findings new with the batch that was just committed; those that only the end can tell are not among them. */
  onFindings?(findings: FindingRow[], ticks: boolean): void
  createFold?: FoldFactory
  version?: string
  snapshots?: SnapshotPolicy | undefined
}

export interface IngestOutcome {
  /** As it is in the log now; null where it was interrupted before anything was committed. */
  capture: Capture | null
  /** The log had it all: nothing was appended. */
  duplicate: boolean
  interrupted: boolean
  /**
   * The complete capture that turned out to hold the same content, of a stream that could not be compared before: this
   * one is left unfinished.
   */
  sameAs: number | null
  /** Bytes that an earlier, interrupted ingest had committed. */
  resumedAt: number
}

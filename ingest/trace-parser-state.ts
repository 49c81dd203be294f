import type { RecordBatch } from '../src/domain/record.ts'
import type { CaptureFacts } from './capture-facts.ts'
import type { Format } from './layout.ts'
import type { LineWidthState } from './line-width.ts'
import type { Deselection } from './noise/deselect.ts'
import type { HeardState } from './noise/heard-cpus.ts'
import type { OpenBatch } from './open-batch.ts'

/** What a parser must be given to go on behind its last batch; plain JSON. The dictionary is not in it, see `ParserOptions`. */
export interface ParserState {
  version: 1
  facts: CaptureFacts
  strings: number
  latin1: number[]
  freeText: boolean
  /** The last event was ignored: what continues it is, too. */
  ignoring?: boolean
  /** Which of a file's inputs the last event was of. */
  part?: number
  /** CPUs whose events were ignored. */
  heard?: HeardState
  /** How long event lines are; null where what wraps them says nothing of that. */
  width?: LineWidthState
  /** What the layout keeps between lines. */
  layout?: unknown
  /** The input being read, of a capture that is merged from several. */
  input?: MergedInput
}

/** One of the inputs that a capture is merged from. */
export interface MergedInput {
  /** Counts from 0. */
  number: number
  name: string
  format: Format
  /** Nanoseconds to be added to its times, as a decimal string: its clock's zero is another one. */
  offset: string
  /** What its layout has to know of it before the first line. */
  begin?: unknown
}

export interface ParserOptions extends Deselection {
  /** Default `ftrace-text`; see `detectLayout`. */
  format?: Format
  /** What is known of the file before its first line, for a layout that `begin`s with it; plain JSON. */
  begin?: unknown
  /** Why the file holds a part of its recording only; null where nothing says so. */
  partial?: string | null
  /** Time of all lines of a snapshot (`takesTime`), nanoseconds of the trace's clock; the same when going on. Null: only their order. */
  at?: bigint | null
  /** Goes on where `state()` was taken; `strings` are those of all batches before, in order. */
  resume?: { state: ParserState; strings: readonly string[] }
}

/** Fills batches with the lines of one capture, in order. */
export interface TraceParser {
  /** Reads whole lines behind `batch.scanned`; stops at `lineLimit` lines, at a line of more than `maxLine` bytes, or for want of bytes. */
  scan(batch: OpenBatch, lineLimit: number, maxLine: number): 'full' | 'overlong' | 'more'
  /** Reads the last line, which has no line feed. */
  scanLast(batch: OpenBatch): void
  /** Takes a line that was cut short to `[batch.scanned, end)`. */
  addOverlong(batch: OpenBatch, end: number, length: number, kept: number, sha256: string): void
  /** Nothing follows: says so where the layout still waits for the rest of a line. */
  finish(batch: OpenBatch): void
  /** The lines from here on are another input's. To be called when no batch is open. */
  beginInput(input: MergedInput): void
  close(batch: OpenBatch): RecordBatch
  facts(): CaptureFacts
  /** What the user should be told about how the file was read. */
  remarks(): string[]
  /** To be taken when no batch is open. */
  state(): ParserState
}

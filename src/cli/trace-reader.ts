import { createKernelTextParser, type KernelTextParser, type ParserState } from '../../ingest/kernel-text-parser.ts'
import type { Format as Layout } from '../../ingest/layout.ts'
import { deselection } from '../../ingest/noise.ts'
import { readBatches } from '../../ingest/read-batches.ts'
import type { CaptureFacts } from '../log/captures.ts'
import type { BatchReader, ReaderStart } from '../projection/ingest-request.ts'
import type { CaptureOptions } from './ingest-options.ts'

/** Reads one file into batches. */
export function createTraceReader(
  { bytes, resume, onBytes }: ReaderStart,
  format: Layout,
  options: CaptureOptions,
  clockFile: string | null,
): BatchReader {
  const state = resume ? { resume: { state: resume.state as ParserState, strings: resume.strings } } : {}
  const parser = createKernelTextParser({
    format,
    ...deselection(options.keep, options.drop),
    at: timeGiven(options),
    ...state,
  })
  return {
    batches: readBatches(bytes, parser, { onBytes, recycle: true }),
    state: () => parser.state(),
    facts: () => captureFacts(parser, options, clockFile),
  }
}

/** When a snapshot was taken, as far as somebody said. */
export function timeGiven({ at }: CaptureOptions): bigint | null {
  return at === undefined ? null : BigInt(at)
}

/** What the parser found out; the clock that was given goes before the one in the file, and that before a file beside it. */
export function captureFacts(
  parser: KernelTextParser,
  { clock }: CaptureOptions,
  clockFile: string | null,
): CaptureFacts {
  const { format, clock: found, ticks, kernel, ignoredNames } = parser.facts()
  const unknown = { host: null, bootId: null }
  return { format, clock: clock ?? found ?? clockFile, ticks: ticks ?? false, kernel, ignoredNames, ...unknown }
}

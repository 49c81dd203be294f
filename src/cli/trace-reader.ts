import type { Input } from '../../ingest/inputs/input.ts'
import type { Format as Layout } from '../../ingest/layout.ts'
import { deselection } from '../../ingest/noise/noise.ts'
import { readBatches } from '../../ingest/read-batches.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import type { ParserState, TraceParser } from '../../ingest/trace-parser-state.ts'
import type { CaptureFacts } from '../log/captures.ts'
import type { BatchReader, ReaderStart } from '../projection/ingest-request.ts'
import type { CaptureOptions } from './ingest-options.ts'
import { perCpuPart } from './per-cpu.ts'

/** A trace of `per_cpu/cpuN` that is read alone. */
const ONE_CPU = 'the events of one CPU only: what happened on the others is not in this file'

/** What is known of a trace besides its text. */
export type Around = Pick<Input, 'found' | 'clockBeside'>

/** Reads one input into batches; `begin` is what its layout has to know of it before the first line. */
export function createTraceReader(
  { bytes, resume, onBytes }: ReaderStart,
  format: Layout,
  options: CaptureOptions,
  input: Around & Pick<Input, 'ending' | 'path'>,
  begin?: unknown,
): BatchReader {
  const state = resume ? { resume: { state: resume.state as ParserState, strings: resume.strings } } : {}
  const parser = createTraceParser({
    format,
    begin,
    ...deselection(options.keep, options.drop),
    at: timeGiven(options),
    partial: perCpuPart(input.path) && ONE_CPU,
    ...state,
  })
  async function* batches() {
    yield* readBatches(bytes, parser, { onBytes, recycle: true, cut: () => input.ending.cut })
    for (const remark of parser.remarks()) input.ending.remarks.add(remark)
  }
  return {
    batches: batches(),
    state: () => parser.state(),
    facts: () => captureFacts(parser, options, input),
  }
}

/** When a snapshot was taken, as far as somebody said. */
export function timeGiven({ at }: CaptureOptions): bigint | null {
  return at === undefined ? null : BigInt(at)
}

/** The clock that is known before anything is read; null where only the text may say. */
export function clockKnown({ found, clockBeside }: Around, { clock }: CaptureOptions): string | null {
  return clock ?? found.clock ?? clockBeside
}

/** What was found out; the clock that was given goes before the one in the file, and that before a file beside it. */
export function captureFacts(
  parser: TraceParser,
  options: CaptureOptions,
  { found, clockBeside }: Around,
): CaptureFacts {
  const { format, clock, ticks, host, bootId, kernel, ignoredNames } = parser.facts()
  return {
    format,
    clock: options.clock ?? found.clock ?? clock ?? clockBeside,
    ticks: ticks ?? false,
    host: host ?? found.host,
    bootId,
    kernel: kernel ?? found.kernel,
    ignoredNames,
  }
}

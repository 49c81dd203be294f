/** Several inputs as one capture: their lines one input after the other, their events judged in the order of time. */
import type { Ending } from '../../ingest/inputs/input.ts'
import { LAYOUTS } from '../../ingest/layout.ts'
import { deselection } from '../../ingest/noise/noise.ts'
import { readBatches } from '../../ingest/read-batches.ts'
import { type Refusal, refuse } from '../../ingest/refusal.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import type { MergedInput, ParserState } from '../../ingest/trace-parser-state.ts'
import { inputBytes, type RecordBatch } from '../domain/record.ts'
import { HEAD_BYTES } from '../log/content.ts'
import type { BatchReader, ReaderStart } from '../projection/ingest-request.ts'
import type { CaptureOptions } from './ingest-options.ts'
import type { OpenedTrace } from './open-trace.ts'
import { captureFacts, timeGiven } from './trace-reader.ts'

/** Where reading stopped: the input, the bytes of it that were read, and the parser behind them. */
interface MergeState {
  input: number
  bytes: number
  parser: ParserState
}

export interface MergeOptions {
  options: CaptureOptions
  /** Nanoseconds to be added to the times of each input. */
  offsets: bigint[]
}

/** The inputs as one content; `refuseMerge` has let them pass. They are read one by one, so that each may have a layout of its own. */
export function mergeTraces(traces: OpenedTrace[], { options, offsets }: MergeOptions): OpenedTrace {
  const inputs = traces.map(({ content, format, begin }, number): MergedInput => {
    return { number, name: content.name, format, begin, offset: String(offsets[number]) }
  })
  const sizes = traces.map(({ size }) => size)
  return {
    kind: 'trace',
    path: traces.map(({ path }) => path).join(' + '),
    format: traces[0]!.format,
    takesTime: traces.some(({ takesTime }) => takesTime),
    around: traces[0]!.around,
    ending: endingOf(traces),
    size: sizes.includes(null) ? null : (sizes as number[]).reduce((sum, size) => sum + size, 0),
    content: {
      name: traces.map(({ content }) => content.name).join(' + '),
      head: Buffer.concat(wholeHeads(traces)).subarray(0, HEAD_BYTES),
      seekable: true,
      open: (from) => joined(traces, from),
    },
    read: (start) => readMerged(traces, inputs, options, start),
    release: () => traces.forEach((trace) => void trace.release?.()),
  }
}

function endingOf(traces: OpenedTrace[]): Ending {
  return {
    get cut() {
      const cut = traces.find(({ ending }) => ending.cut !== null)
      return cut ? `${cut.path}: ${cut.ending.cut}` : null
    },
    get remarks() {
      return new Set(traces.flatMap(({ path, ending }) => [...ending.remarks].map((remark) => `${path}: ${remark}`)))
    },
  }
}

/** Why these cannot be one capture, whatever their clocks; null where they can. */
export function refuseMerge(traces: OpenedTrace[], { at }: CaptureOptions): Refusal | null {
  const passing = traces.find(({ content }) => !content.seekable)
  if (passing)
    return refuse('stream', `${passing.content.name} can be read only once.`, 'Save it to a file, and merge that.')
  const snapshot = traces.find(({ takesTime }) => takesTime)
  if (snapshot && at === undefined && traces.length > 1)
    return refuse(
      'no-time',
      `${snapshot.content.name} is a snapshot (${snapshot.format}) and does not say when it was taken, so it has no place among other inputs.`,
      "Give its time on the trace's clock: --at 12.345678",
    )
  const both = traces.find(({ format }) => format === 'console-log')
  if (both && traces.length > 1)
    return refuse(
      'clocks-differ',
      `${both.content.name} is a kernel log that holds a dump of the trace buffer: two inputs by itself.`,
      'Ingest it alone.',
    )
  const relative = traces.filter(({ format }) => LAYOUTS[format].relativeTime)
  if (relative.length > 0 && traces.length > 1)
    return refuse(
      'clocks-differ',
      `The times of ${relative[0]!.content.name} count from its own beginning, so they have no order with other inputs'.`,
      'Print it without latency-format: echo nolatency-format > trace_options',
    )
  return null
}

/** The beginning of all of them: a head shorter than it may be is a whole input, and the next one follows it. */
function wholeHeads(traces: OpenedTrace[]): Buffer[] {
  const last = traces.findIndex(({ content }) => content.head.length >= HEAD_BYTES)
  return traces.slice(0, last < 0 ? traces.length : last + 1).map(({ content }) => content.head)
}

async function* joined(traces: OpenedTrace[], from: number): AsyncGenerator<Buffer> {
  let skip = from
  for (const { content, size } of traces) {
    if (size !== null && skip >= size) {
      skip -= size
      continue
    }
    for await (const chunk of content.open(0)) {
      const rest = chunk.subarray(skip)
      skip -= chunk.length - rest.length
      if (rest.length > 0) yield rest
    }
  }
}

function readMerged(
  traces: OpenedTrace[],
  inputs: MergedInput[],
  options: CaptureOptions,
  { resume, onBytes }: ReaderStart,
): BatchReader {
  const before = resume?.state as MergeState | undefined
  const parser = createTraceParser({
    format: inputs[0]!.format,
    at: timeGiven(options),
    ...deselection(options.keep, options.drop),
    ...(before ? { resume: { state: before.parser, strings: resume!.strings } } : {}),
  })
  let at = before?.input ?? 0
  let bytes = before?.bytes ?? 0

  async function* batches(): AsyncGenerator<RecordBatch> {
    for (; at < traces.length; at++, bytes = 0) {
      if (bytes === 0) parser.beginInput(inputs[at]!)
      const { content, ending } = traces[at]!
      const options = { onBytes, recycle: true, cut: () => ending.cut }
      for await (const batch of readBatches(content.open(bytes), parser, options)) {
        bytes += inputBytes(batch)
        yield batch
      }
      for (const remark of parser.remarks()) ending.remarks.add(remark)
    }
  }

  return {
    batches: batches(),
    state: (): MergeState => ({ input: at, bytes, parser: parser.state() }),
    facts: () => captureFacts(parser, options, traces[0]!.around),
  }
}

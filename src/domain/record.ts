/**
 * What a trace says, before anyone asks what it means.
 *
 * A layout parser (`ingest/`) turns bytes into `RecordBatch`es; the log stores them; the fold reads them back one
 * `TraceRecord` at a time. Nothing here knows dma-buf.
 */

/** How a line of input is accounted for. Every line is exactly one of these. */
export const LineKind = { structural: 0, event: 1, ignored: 2, malformed: 3 } as const
export type LineKind = (typeof LineKind)[keyof typeof LineKind]

/** `pid`, `tgid` and `cpu` columns hold this where the trace does not say. */
export const UNKNOWN = -1

/** The `comm` column holds this where the trace does not name the task: an empty name is a name. */
export const UNNAMED = 0xffffffff

/** A line that is no event and yet changes what the events around it can prove. */
export type Note =
  /** `CPU:0 [LOST 252 EVENTS]`, trace.c `print_trace_line()`; `lost` is null where the kernel could not count, `cpu` `UNKNOWN` where nobody says. */
  | { kind: 'lost'; line: number; cpu: number; lost: bigint | null; beforeEvent: number }
  /** `##### CPU 0 buffer started ####`, trace.c `test_cpu_buff_start()`: this CPU says nothing before here. */
  | { kind: 'buffer-started'; line: number; cpu: number; beforeEvent: number }
  /** `# entries-in-buffer/entries-written: A/B   #P:n`, trace.c `print_event_info()`. */
  | { kind: 'entries'; line: number; inBuffer: bigint; written: bigint; cpus: number; beforeEvent: number }
  /** A CPU was recording at this time: events of it that are not kept say so. */
  | { kind: 'heard'; line: number; cpu: number; time: bigint; beforeEvent: number }
  /** The last line ended without a newline in the middle of a record; or, as `why` says, what it was packed in did. */
  | { kind: 'cut'; line: number; beforeEvent: number; why?: string }
  /** The file holds a part of the recording only, as its path says: events of one CPU, say. */
  | { kind: 'partial'; line: number; why: string; beforeEvent: number }
  /** Lines that are no trace text, or damaged: what they once said may have been an event. */
  | { kind: 'unread'; line: number; lines: number; beforeEvent: number }
  /** From `line` on, the lines are those of another input of a merged capture; each input has an order of its own, and nanoseconds that were added to its times. */
  | { kind: 'input'; line: number; input: number; name: string; offset?: bigint; beforeEvent: number }
  /** In a kernel log that holds a dump of the trace buffer: the events of the dump begin, or are over. */
  | { kind: 'recording'; line: number; on: boolean; beforeEvent: number }
  /** A kernel log goes on with another boot of the machine: nothing of what was before is still so. */
  | { kind: 'boot'; line: number; id: string | null; beforeEvent: number }
  /** A line too long to be kept: `bytes` holds its first `kept` bytes, `length` and `sha256` are those of all of it, line feed excluded. */
  | { kind: 'overlong'; line: number; length: number; kept: number; sha256: string; beforeEvent: number }

/**
 * Consecutive lines of one capture, as columns. A batch is the unit that is parsed, stored and folded.
 *
 * `line` numbers in `notes` are 1-based in the capture; `beforeEvent` is the index in this batch of the first event
 * after the note (`count` when none follows here).
 */
export interface RecordBatch {
  /**
   * The lines exactly as read, terminators included; behind the last one, payloads that their lines spell otherwise
   * (escaped, wrapped, put together out of fields), in the order of their events.
   */
  bytes: Buffer
  /** 1-based number, in the capture, of the first line of this batch. */
  firstLine: number
  lineCount: number
  /** `lineStart[i]` is where line i begins in `bytes`; has `lineCount + 1` entries. */
  lineStart: Uint32Array
  /** `LineKind` of each line. */
  lineKind: Uint8Array
  /** Number of events (lines of kind `event`); the columns below have at least this many entries. */
  count: number
  /** 0-based index, in this batch, of the event's line. */
  line: Uint32Array
  /** Nanoseconds of the capture's clock, or ticks where `ticks` of the capture says so. */
  time: BigInt64Array
  cpu: Int32Array
  pid: Int32Array
  tgid: Int32Array
  /** Dictionary ids, see `strings`; `comm` may be `UNNAMED`. */
  comm: Uint32Array
  name: Uint32Array
  /** Byte range of the payload (after `name: `) in `bytes`, without the line terminator. */
  payloadStart: Uint32Array
  payloadEnd: Uint32Array
  /** Dictionary entries first used in this batch: `strings[k]` has id `firstString + k`. One dictionary a capture. */
  firstString: number
  strings: string[]
  notes: Note[]
}

/** The lines alone, exactly as read. */
export function lineBytes(batch: RecordBatch): Buffer {
  return batch.bytes.subarray(0, batch.lineStart[batch.lineCount])
}

/** How many bytes of the input the batch stands for: more than its lines have where overlong ones were cut short. */
export function inputBytes(batch: RecordBatch): number {
  let total = batch.lineStart[batch.lineCount]!
  for (const note of batch.notes) if (note.kind === 'overlong') total += note.length - note.kept
  return total
}

/** One event as traced. The fold reuses one object for all of them: take what you keep. */
export interface TraceRecord {
  /** 0-based number of the event in its capture. */
  seq: number
  /** 1-based line number in the capture. */
  line: number
  time: bigint
  cpu: number
  pid: number
  tgid: number
  /** Empty where the trace does not name the task, too. */
  comm: string
  /** Event name as printed: a tracepoint's, or whatever the user called a probe. */
  name: string
  /** Everything after `name: `. */
  payload: string
}

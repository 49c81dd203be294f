import { CR, LF } from './ascii.ts'
import { looksBinary, refuseBinary } from './detect-binary.ts'
import { detectWrapped } from './detect-wrapped.ts'
import { detectKernelLog, isKernelLogFormat, type KernelLogHead } from './kernel-log/detect-kernel-log.ts'
import { type Format, LAYOUTS } from './layout.ts'
import { createLineHead, Scan } from './line-head.ts'
import { readsAs } from './reads-as.ts'
import { type Refusal, refuse } from './refusal.ts'
import { detectSnapshot } from './snapshot/detect-snapshot.ts'
import { structureOf } from './structure.ts'

export interface DetectedLayout {
  kind: 'layout'
  format: Format
  /** For the layout to begin with, where it has to know something of the file. */
  begin?: unknown
}

/** How much of an input `detectLayout` looks at. */
export const HEAD_BYTES = 64 * 1024

const TRACEFS = '/sys/kernel/tracing'
/** Where two read equally many lines, the first is taken. */
const FORMATS: Format[] = [
  'ftrace-text',
  'ftrace-latency',
  'ftrace-latency-verbose',
  'ftrace-graph',
  'trace-cmd-report',
  'perf-script',
]

const HEAD = createLineHead()
/** Enough of a line to tell its layout. */
const LINE_BYTES = 512

const WHAT_IS_READ = `Give the text of ${TRACEFS}/trace, trace_pipe or snapshot.`

const ONE_LINE = refuse(
  'carriage-returns',
  'The lines end in carriage returns without line feeds, so all of it is one line.',
  "Put line feeds in their place and read it again: tr '\\r' '\\n' < FILE | revenant ingest -",
)

const GRAPH_WITHOUT_TIME = refuse(
  'graph-without-time',
  'This is function_graph output without times or tasks, so nothing in it can be put in order.',
  `Switch both on and read again: for o in funcgraph-abstime funcgraph-proc; do echo $o > ${TRACEFS}/trace_options; done; cat ${TRACEFS}/trace`,
)

/** Text that is a trace, or nearly, and yet cannot be read; the first that fits most of the other lines is named. */
const UNREADABLE: { test: RegExp; refusal: Refusal }[] = [
  {
    test: /^\d+ \d+ \d+ (?:type: \d+|\S)/,
    refusal: refuse(
      'raw-format',
      'The trace was printed with the option raw: pid, CPU, time and numbers instead of names.',
      `Print it as text and read it again: echo noraw > ${TRACEFS}/trace_options; cat ${TRACEFS}/trace`,
    ),
  },
  {
    test: /^(?:[0-9a-f]{2}){2,}(?: [0-9a-f]{2,})+ *$/,
    refusal: refuse(
      'hex-format',
      'The trace was printed with the option hex: fields as hexadecimal bytes.',
      `Print it as text and read it again: echo nohex > ${TRACEFS}/trace_options; cat ${TRACEFS}/trace`,
    ),
  },
  {
    test: /^ *\d+\) .*(?:\||=>)/,
    refusal: GRAPH_WITHOUT_TIME,
  },
  {
    test: /^ *[A-Za-z_]\w*: .*\w=/,
    refusal: refuse(
      'no-context',
      'The lines begin with the event: they were printed without context-info, so no line says when, where or who.',
      `Switch it on and read again: echo context-info > ${TRACEFS}/trace_options; cat ${TRACEFS}/trace`,
    ),
  },
]

/** What trace-cmd report prints first, and its lines, which pad the event's name; else they look as the kernel's do. */
const TRACE_CMD_HEADER = /^(?:.*: )?(?:cpus=\d+|version = \d+)\r?$/m
const TRACE_CMD_LINE = /^\s*\S.*-\d+ +(?:\[\d{3,}\]|\d+)\S* .*\d: (?:\(\+\d+\) +| {9})?[\w.]+: {2,}\S/

interface HeadLine {
  start: number
  /** The line's beginning. */
  text: string
}

/**
 * Tells from the first bytes of an input (at most `HEAD_BYTES` are looked at) how to read it, or why it cannot be read.
 * A kernel header without a single event is a trace too.
 *
 * @example detectLayout(Buffer.from('# tracer: nop\n')) // { kind: 'layout', format: 'ftrace-text' }
 */
export function detectLayout(input: Buffer): DetectedLayout | Refusal {
  const head = withoutMark(input.subarray(0, HEAD_BYTES))
  if (head.length === 0) {
    const advice = `Was the trace read as root, and before it was reset? cat ${TRACEFS}/trace`
    return refuse('empty', 'The input is empty: not even the header of a trace.', advice)
  }
  const binary = refuseBinary(head)
  if (binary) return binary
  if (!head.includes(LF) && head.indexOf(CR) < head.lastIndexOf(CR)) return ONE_LINE
  const bytes = wholeLines(head, input.length >= HEAD_BYTES)
  return detectWrapped(bytes, detectLines) ?? detectLines(head, bytes)
}

/** The layout of trace lines that nothing wraps. */
function detectLines(head: Buffer, bytes: Buffer = wholeLines(head, false)): DetectedLayout | Refusal {
  const text = head.toString('latin1')
  const tracer = /^# tracer: (\S+)/m.exec(text)?.[1] ?? null
  const lines = eventLines(bytes)

  const counts = FORMATS.map((format) => lines.filter(({ start }) => reads(format, bytes, start)).length)
  const most = Math.max(...counts)
  const log = tracer === null ? detectKernelLog(bytes) : null
  if (log && log.lines > 0 && log.lines >= most) return { kind: 'layout', format: log.format, begin: log.start }
  if (most > 0) {
    const padded = tracer === null && (TRACE_CMD_HEADER.exec(text)?.index === 0 || mostAre(lines, TRACE_CMD_LINE))
    const traceCmd = padded && counts[FORMATS.indexOf('trace-cmd-report')] === most
    const format = traceCmd ? 'trace-cmd-report' : FORMATS[counts.indexOf(most)]!
    return { kind: 'layout', format: format === 'ftrace-text' && tracer === 'function' ? 'ftrace-function' : format }
  }
  if (TRACE_CMD_HEADER.exec(text)?.index === 0) return { kind: 'layout', format: 'trace-cmd-report' }
  if (lines.length === 0) return withoutEvents(text, tracer)
  const snapshot = detectSnapshot(lines.map((line) => line.text))
  if (snapshot) return { kind: 'layout', format: snapshot }
  const unreadable = UNREADABLE.find(({ test }) => mostAre(lines, test))
  if (unreadable) return unreadable.refusal
  if (log) return { kind: 'layout', format: log.format, begin: log.start }
  return looksBinary(head) ? refuseOddBytes(tracer) : refuseText(lines)
}

/** Whether any line of an input's first bytes is of this layout; true where they hold no line that could be. */
export function headReadsAs(input: Buffer, format: Format): boolean {
  const head = withoutMark(input.subarray(0, HEAD_BYTES))
  if (isKernelLogFormat(format)) return kernelLogHead(input) !== null
  return readsAs(wholeLines(head, input.length >= HEAD_BYTES), format)
}

/** Whether there is a line besides headers, blank lines and loss markers: only such a line tells a layout from another. */
export function hasEventLines(input: Buffer): boolean {
  return eventLines(wholeLines(withoutMark(input), false)).length > 0
}

/** What an input's first bytes show of a kernel log, whatever else they are. */
export function kernelLogHead(input: Buffer): KernelLogHead | null {
  return detectKernelLog(wholeLines(withoutMark(input.subarray(0, HEAD_BYTES)), input.length >= HEAD_BYTES))
}

/** Editors put a byte order mark before UTF-8. */
function withoutMark(head: Buffer): Buffer {
  return head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? head.subarray(3) : head
}

/** A head that was cut loses its last line, which may be half of one. */
function wholeLines(head: Buffer, cut: boolean): Buffer {
  const whole = cut ? head.lastIndexOf(LF) : -1
  return Buffer.concat([whole < 0 ? head : head.subarray(0, whole), Buffer.of(LF)])
}

function eventLines(bytes: Buffer): HeadLine[] {
  const lines: HeadLine[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(LF, start)
    if (structureOf(bytes, start, end) === null) {
      lines.push({ start, text: bytes.toString('latin1', start, Math.min(end, start + LINE_BYTES)).trimEnd() })
    }
    start = end + 1
  }
  return lines
}

/** perf script's call chains belong to the line before. */
function mostAre(lines: HeadLine[], test: RegExp): boolean {
  const whole = lines.filter(({ text }) => !/^\t *[0-9a-f[]/.test(text))
  return whole.length > 0 && whole.filter(({ text }) => test.test(text)).length * 2 > whole.length
}

function reads(format: Format, bytes: Buffer, start: number): boolean {
  const { scan, scanLoose } = LAYOUTS[format]
  return scan(bytes, start, HEAD) > 0 || scanLoose(bytes, start, HEAD) === Scan.event
}

/** Nothing but headers, blank lines and loss markers. */
function withoutEvents(text: string, tracer: string | null): DetectedLayout | Refusal {
  if (text.trim() === '') {
    return refuse('empty', 'The input has only blank lines.', `Give the text of ${TRACEFS}/trace.`)
  }
  if (tracer === 'function_graph') {
    return /^#\s+TIME\s.*TASK/m.test(text) ? { kind: 'layout', format: 'ftrace-graph' } : GRAPH_WITHOUT_TIME
  }
  return { kind: 'layout', format: /^# \S+ latency trace v/m.test(text) ? 'ftrace-latency' : 'ftrace-text' }
}

function refuseOddBytes(tracer: string | null): Refusal {
  if (tracer === null) return refuse('binary', 'The input is binary data of an unknown kind.', WHAT_IS_READ)
  return refuse(
    'bin-format',
    'The trace was printed with the option bin: a text header and binary entries.',
    `Print it as text and read it again: echo nobin > ${TRACEFS}/trace_options; cat ${TRACEFS}/trace`,
  )
}

function refuseText(lines: HeadLine[]): Refusal {
  const first = JSON.stringify(lines[0]!.text.slice(0, 80))
  const message =
    lines.length === 1
      ? `Its only line is no line of a trace; it reads ${first}.`
      : `None of the first ${lines.length} lines is a line of a trace; the first one reads ${first}.`
  return refuse('not-a-trace', message, WHAT_IS_READ)
}

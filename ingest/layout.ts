import { beginReader } from './begin-reader.ts'
import { scanGraph, scanGraphRuler } from './ftrace/scan-graph.ts'
import { scanPadded, scanUnpadded } from './ftrace/scan-kernel-text.ts'
import { scanLatency, scanLatencyUnpadded, scanLatencyVerbose } from './ftrace/scan-latency.ts'
import type { HeaderFacts } from './header.ts'
import { bpftraceJson } from './json/bpftrace-json.ts'
import { ndjson } from './json/ndjson.ts'
import { kernelLog } from './kernel-log/kernel-log.ts'
import { type LineScanner, Scan } from './line-head.ts'
import { mailLayout } from './mail/mail-layout.ts'
import { bufinfo } from './snapshot/scan-bufinfo.ts'
import { fdinfo } from './snapshot/scan-fdinfo.ts'
import type { Structure } from './structure.ts'
import { atrace } from './tools/atrace.ts'
import { qemuLog } from './tools/qemu-log.ts'
import { scanPerfScript, scanPerfScriptUnpadded, structureOfPerfScript } from './tools/scan-perf-script.ts'
import { scanTraceCmd, scanTraceCmdUnpadded, structureOfTraceCmd } from './tools/scan-trace-cmd.ts'
import { systraceHtml } from './tools/systrace-html.ts'

/** Layouts that may stand in a mail: one line an event. */
export type LineFormat =
  | 'ftrace-text'
  | 'ftrace-function'
  | 'ftrace-latency'
  | 'ftrace-latency-verbose'
  | 'ftrace-graph'
  | 'trace-cmd-report'
  | 'perf-script'
  | 'ndjson'
  | 'qemu-log'

/** Text layouts that are read; the string is the capture's `format`. `mail/X` is a mail that holds lines of X. */
export type Format =
  | LineFormat
  | `mail/${LineFormat}`
  | 'atrace'
  | 'systrace-html'
  | 'bpftrace-json'
  | 'bufinfo'
  | 'fdinfo'
  | 'dmesg'
  | 'console-log'
  | 'ftrace-dump'

/** How the lines of one layout are read. A further layout is one file with its scanner and one entry here. */
export interface LineLayout {
  /** Reads a line as its printer pads it: tried first, on every line, and again where a line's end is not there yet. */
  scan: LineScanner
  /** Reads what `scan` refused and what is not structural either; once a line. */
  scanLoose: LineScanner
  /** What is structural in this layout, where that is not the usual. */
  structure?: (b: Buffer, p: number, end: number) => Structure | null
  /** For a layout whose lines hang together: its reader for one file; `at` is the time that was given for all of it. */
  begin?: (state: unknown, at: bigint | null) => LineReader
  /** A snapshot: its lines have no times, and take the one that is given. */
  takesTime?: true
  /** Asked once behind `scanLoose`: whether an event before that line was found to lack the rest of its text. */
  incomplete?: () => boolean
  /** Whether it holds the beginning of a line whose end is still to come. */
  waiting?: () => boolean
  /** Times count from the start of the trace, not from the clock's own zero. */
  relativeTime: boolean
}

/** Reads the lines of one file in order; `scan` keeps nothing, `scanLoose` may. */
export interface LineReader extends Omit<LineLayout, 'begin'> {
  /** What has to be given to `begin` to go on behind the last line; plain JSON. */
  state(): unknown
  /** What lines that are no headers said about the capture. */
  facts?(): Partial<HeaderFacts>
  /** What the user should be told about how the file was read. */
  remarks?(): string[]
  /** Names of the inputs that the file holds, by `head.input`; none where it is one. */
  inputs?: readonly string[]
}

/** The reader for one file of the layout; `state` is what an earlier one left, if any. */
export function beginLayout(format: Format, state: unknown = null, at: bigint | null = null): LineReader {
  return beginReader(LAYOUTS[format], state, at)
}

const text: LineLayout = { scan: scanPadded, scanLoose: scanUnpadded, relativeTime: false }

const LINES: Record<LineFormat, LineLayout> = {
  'ftrace-text': text,
  'ftrace-function': text,
  'ftrace-latency': { scan: scanLatency, scanLoose: scanLatencyUnpadded, relativeTime: true },
  'ftrace-latency-verbose': { scan: scanLatencyVerbose, scanLoose: () => Scan.noTask, relativeTime: false },
  'ftrace-graph': { scan: scanGraph, scanLoose: scanGraphRuler, relativeTime: false },
  'trace-cmd-report': {
    scan: scanTraceCmd,
    scanLoose: scanTraceCmdUnpadded,
    structure: structureOfTraceCmd,
    relativeTime: false,
  },
  'perf-script': {
    scan: scanPerfScript,
    scanLoose: scanPerfScriptUnpadded,
    structure: structureOfPerfScript,
    relativeTime: false,
  },
  ndjson,
  'qemu-log': qemuLog,
}

export const LAYOUTS: Record<Format, LineLayout> = {
  ...LINES,
  atrace: atrace(text),
  'systrace-html': systraceHtml(text),
  'bpftrace-json': bpftraceJson(text),
  bufinfo,
  fdinfo,
  dmesg: kernelLog({ log: true }),
  'console-log': kernelLog({ log: true, dump: true }),
  'ftrace-dump': kernelLog({ dump: true }),
  ...inMails(LINES),
}

function inMails(lines: Record<LineFormat, LineLayout>): Record<`mail/${LineFormat}`, LineLayout> {
  const mails = Object.entries(lines).map(([format, layout]) => [`mail/${format}`, mailLayout(layout)])
  return Object.fromEntries(mails)
}

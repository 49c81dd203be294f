import { type LineScanner, Scan } from './line-head.ts'
import { bufinfo } from './scan-bufinfo.ts'
import { fdinfo } from './scan-fdinfo.ts'
import { scanGraph, scanGraphRuler } from './scan-graph.ts'
import { scanPadded, scanUnpadded } from './scan-kernel-text.ts'
import { scanLatency, scanLatencyUnpadded, scanLatencyVerbose } from './scan-latency.ts'
import { scanPerfScript, scanPerfScriptUnpadded, structureOfPerfScript } from './scan-perf-script.ts'
import { scanTraceCmd, scanTraceCmdUnpadded, structureOfTraceCmd } from './scan-trace-cmd.ts'
import type { Structure } from './structure.ts'

/** Text layouts that are read; the string is the capture's `format`. */
export type Format =
  | 'ftrace-text'
  | 'ftrace-function'
  | 'ftrace-latency'
  | 'ftrace-latency-verbose'
  | 'ftrace-graph'
  | 'trace-cmd-report'
  | 'perf-script'
  | 'bufinfo'
  | 'fdinfo'

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
  /** Times count from the start of the trace, not from the clock's own zero. */
  relativeTime: boolean
}

/** Reads the lines of one file in order; `scan` keeps nothing, `scanLoose` may. */
export interface LineReader extends Omit<LineLayout, 'begin'> {
  /** What has to be given to `begin` to go on behind the last line; plain JSON. */
  state(): unknown
}

/** The reader for one file of the layout; `state` is what an earlier one left, if any. */
export function beginLayout(format: Format, state: unknown = null, at: bigint | null = null): LineReader {
  const layout = LAYOUTS[format]
  return layout.begin?.(state, at) ?? { ...layout, state: () => null }
}

const text: LineLayout = { scan: scanPadded, scanLoose: scanUnpadded, relativeTime: false }

export const LAYOUTS: Record<Format, LineLayout> = {
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
  bufinfo,
  fdinfo,
}

import { type LineScanner, Scan } from './line-head.ts'
import { scanGraph, scanGraphRuler } from './scan-graph.ts'
import { scanPadded, scanUnpadded } from './scan-kernel-text.ts'
import { scanLatency, scanLatencyUnpadded, scanLatencyVerbose } from './scan-latency.ts'

/** Text layouts that are read; the string is the capture's `format`. */
export type Format = 'ftrace-text' | 'ftrace-function' | 'ftrace-latency' | 'ftrace-latency-verbose' | 'ftrace-graph'

/** How the lines of one layout are read. A further layout is one file with its scanner and one entry here. */
export interface LineLayout {
  /** Reads a line as its printer pads it: tried first, on every line. */
  scan: LineScanner
  /** Reads what `scan` refused and what is not structural either. */
  scanLoose: LineScanner
  /** Times count from the start of the trace, not from the clock's own zero. */
  relativeTime: boolean
}

const text: LineLayout = { scan: scanPadded, scanLoose: scanUnpadded, relativeTime: false }

export const LAYOUTS: Record<Format, LineLayout> = {
  'ftrace-text': text,
  'ftrace-function': text,
  'ftrace-latency': { scan: scanLatency, scanLoose: scanLatencyUnpadded, relativeTime: true },
  'ftrace-latency-verbose': { scan: scanLatencyVerbose, scanLoose: () => Scan.noTask, relativeTime: false },
  'ftrace-graph': { scan: scanGraph, scanLoose: scanGraphRuler, relativeTime: false },
}

import { decodeText } from './decode-text.ts'
import type { HeaderFacts } from './header.ts'
import { type Format, LAYOUTS } from './layout.ts'

/** A line that could not be read, for the message. */
export interface MalformedSample {
  line: number
  /** The line's beginning. */
  text: string
  reason: string
}

/** What was read so far. `lines = events + ignored + malformed + structural`. */
export interface CaptureFacts extends HeaderFacts {
  /** The layout; of a merged capture all of them, joined by `+`. */
  format: string
  /** Times are bare integers of an unknown unit; null before the first event. */
  ticks: boolean | null
  /** Times count from the start of the trace. */
  relativeTime: boolean
  lines: number
  events: number
  ignored: number
  /** How many lines of which events were ignored. */
  ignoredNames: Record<string, number>
  malformed: number
  structural: number
  /** The first few malformed lines. */
  samples: MalformedSample[]
}

export function emptyFacts(format: Format): CaptureFacts {
  return {
    format,
    tracer: null,
    clock: null,
    host: null,
    kernel: null,
    bootId: null,
    cpus: null,
    ticks: null,
    relativeTime: LAYOUTS[format].relativeTime,
    lines: 0,
    events: 0,
    ignored: 0,
    ignoredNames: {},
    malformed: 0,
    structural: 0,
    samples: [],
  }
}

const SAMPLES = 5
const SAMPLE_BYTES = 160

/** Keeps the beginning of a malformed line that was just counted, while there are few. */
export function takeSample({ samples, lines }: CaptureFacts, line: Buffer, reason: string): void {
  if (samples.length < SAMPLES)
    samples.push({ line: lines + 1, text: decodeText(line.subarray(0, SAMPLE_BYTES)), reason })
}

/** What a line says first stands. */
export function takeFacts(facts: CaptureFacts, said: Partial<HeaderFacts> | undefined): void {
  facts.clock ??= said?.clock ?? null
  facts.kernel ??= said?.kernel ?? null
  facts.host ??= said?.host ?? null
  facts.bootId ??= said?.bootId ?? null
}

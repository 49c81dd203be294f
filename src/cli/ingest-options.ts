/** What the flags of `ingest` ask for, checked; and the part of it that is kept with a capture. */
import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { LAYOUTS, type Format as Layout } from '../../ingest/layout.ts'
import { from } from '../../queries/parameters.ts'
import { type UserRecogniser, userRecognisersSchema } from '../domain/recognise/user-recogniser.ts'
import { type IngestOptions, UsageError } from './command.ts'

/** Kept with the capture: what changes how its lines are read or what they mean. Keys in this order, unset ones left out. */
export interface CaptureOptions {
  clock?: string
  layout?: Layout
  /** When a snapshot was taken: nanoseconds of the trace's clock, as a decimal string. */
  at?: string
  /** Inputs with other clocks are put on that of the first trace. */
  align?: true
  /** Patterns of event names, sorted: noise that is to be judged, and other events that are not. */
  keep?: string[]
  drop?: string[]
  recognisers?: UserRecogniser[]
  /** Nanoseconds, as decimal strings. */
  thresholds?: { lateUnmapWarning?: string; lateUnmapError?: string }
}

/** Names in `trace_clock`, kernel/trace/trace.c `trace_clocks[]` and the architectures' `ARCH_TRACE_CLOCKS`. */
export const CLOCKS = [
  'local',
  'global',
  'counter',
  'uptime',
  'perf',
  'mono',
  'mono_raw',
  'boot',
  'tai',
  'x86-tsc',
  'ppc-tb',
  's390-tod',
]

/** Throws `UsageError` for what cannot be used. */
export function captureOptions(given: IngestOptions): CaptureOptions {
  const { clock, layout, at, align, keep, drop, recognisers, lateUnmapWarning, lateUnmapError } = given
  if (clock !== undefined && !CLOCKS.includes(clock))
    throw new UsageError(`ingest: --clock ${clock} is no trace clock; it is one of ${CLOCKS.join(', ')}`)
  if (layout !== undefined && !Object.hasOwn(LAYOUTS, layout))
    throw new UsageError(`ingest: --layout ${layout} is not known; it is one of ${Object.keys(LAYOUTS).join(', ')}`)
  const thresholds = {
    ...(lateUnmapWarning === undefined ? {} : { lateUnmapWarning: seconds('--late-unmap-warning', lateUnmapWarning) }),
    ...(lateUnmapError === undefined ? {} : { lateUnmapError: seconds('--late-unmap-error', lateUnmapError) }),
  }
  return {
    ...(clock === undefined ? {} : { clock }),
    ...(layout === undefined ? {} : { layout: layout as Layout }),
    ...(at === undefined ? {} : { at: time('--at', at) }),
    ...(align ? { align } : {}),
    ...patterns('keep', keep),
    ...patterns('drop', drop),
    ...(recognisers === undefined ? {} : { recognisers: readRecognisers(recognisers) }),
    ...(Object.keys(thresholds).length ? { thresholds } : {}),
  }
}

/** Milliseconds after which following ends by itself. Throws `UsageError` for what cannot be followed or is no time. */
export function idleMilliseconds({ follow, idleExit }: IngestOptions, paths: string[]): number {
  if (follow && paths.length > 1) throw new UsageError('ingest: --follow is for one file')
  if (idleExit === undefined) return Number.POSITIVE_INFINITY
  if (!follow) throw new UsageError('ingest: --idle-exit is for --follow')
  return Number(BigInt(seconds('--idle-exit', idleExit)) / 1_000_000n)
}

function patterns(flag: 'keep' | 'drop', given: string[] = []): Pick<CaptureOptions, 'keep' | 'drop'> {
  const odd = given.find((pattern) => !/^[\w:*?.-]+$/.test(pattern))
  if (odd !== undefined)
    throw new UsageError(
      `ingest: --${flag} ${JSON.stringify(odd)} is no event name; give one, such as sched_switch or 'sched_*'`,
    )
  return given.length === 0 ? {} : { [flag]: [...new Set(given)].sort() }
}

/** Seconds, with up to nine decimals, as a decimal string of nanoseconds. */
function seconds(flag: string, text: string): string {
  const match = /^(\d{1,9})(?:\.(\d{1,9}))?$/.exec(text)
  if (!match) throw new UsageError(`ingest: ${flag} ${text} is not a number of seconds, such as 1 or 0.25`)
  return String(BigInt(match[1]!) * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0')))
}

/** Nanoseconds, or seconds with a decimal point as traces print them, as a decimal string of nanoseconds. */
function time(flag: string, text: string): string {
  const parsed = from.safeParse(text)
  if (parsed.success && parsed.data !== undefined && parsed.data >= 0n) return String(parsed.data)
  throw new UsageError(
    `ingest: ${flag} ${text} is not a time: nanoseconds (1234567890), or seconds with a decimal point (1.234567)`,
  )
}

function readRecognisers(path: string): UserRecogniser[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`ingest: --recognisers ${path} cannot be read: ${(error as Error).message}`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`ingest: --recognisers ${path} is not JSON: ${(error as Error).message}`)
  }
  const parsed = userRecognisersSchema.safeParse(value)
  if (!parsed.success) throw new UsageError(`ingest: --recognisers ${path}: ${inWords(parsed.error)}`)
  return parsed.data.recognisers
}

function inWords({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.map(String).join('.') || 'the file'}: ${message}`).join('; ')
}

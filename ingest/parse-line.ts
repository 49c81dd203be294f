import { CR, LF } from './ascii.ts'
import { isBytesLiteral } from './bytes-literal.ts'
import { decodeText } from './decode-text.ts'
import { beginLayout, type Format } from './layout.ts'
import { createLineHead, GIVEN_NAMES, type LineHead, reasonText, Scan } from './line-head.ts'
import { timeOf } from './scan-time.ts'
import { type Structure, structureOf } from './structure.ts'

/** One event line in words. What the line does not say is null. */
export interface DescribedEvent {
  comm: string | null
  pid: number | null
  tgid: number | null
  cpu: number | null
  /** The characters between CPU and time, as printed; verbose latency prints two numbers, here `flags/preempt-count`. */
  flags: string | null
  /** Nanoseconds, or ticks where `ticks`. */
  time: bigint | null
  ticks: boolean
  relativeTime: boolean
  name: string
  payload: string
}

export type DescribedLine =
  | ({ kind: 'event' } & DescribedEvent)
  | { kind: 'structural'; structure: Structure | { kind: 'stack-marker' } | { kind: 'ruler' } }
  /** `event` is what is left of an event whose context is missing. */
  | { kind: 'malformed'; reason: string; event: DescribedEvent | null }

/** Reads a single line, with or without its terminator, and says everything about it: for tests and for `--explain`. */
export function parseLine(line: Buffer, format: Format = 'ftrace-text', begin: unknown = null): DescribedLine {
  const feed = line.indexOf(LF)
  const b = Buffer.concat([feed < 0 ? line : line.subarray(0, feed), Buffer.of(LF)])
  const end = b.length >= 2 && b[b.length - 2] === CR ? b.length - 2 : b.length - 1
  const layout = beginLayout(format, begin)
  const head = createLineHead()
  let code = layout.scan(b, 0, head)
  if (code <= 0) {
    const structure = (layout.structure ?? structureOf)(b, 0, end)
    if (structure) return { kind: 'structural', structure }
    if (isBytesLiteral(b, 0, end)) {
      const inner = parseLine(b.subarray(2, end - 1), format, begin)
      if (inner.kind === 'event') return inner
    }
    code = layout.scanLoose(b, 0, head)
  }
  if (code === Scan.event) return { kind: 'event', ...describe(b, end, head, layout.relativeTime) }
  if (code === Scan.stackMarker) return { kind: 'structural', structure: { kind: 'stack-marker' } }
  if (code === Scan.ruler) return { kind: 'structural', structure: { kind: 'ruler' } }
  return { kind: 'malformed', reason: reasonText(code), event: withoutContext(b.toString('latin1', 0, end)) }
}

function describe(b: Buffer, end: number, head: LineHead, relativeTime: boolean): DescribedEvent {
  const text = (from: number, to: number) => decodeText(b.subarray(from, to))
  const payloadEnd = head.payloadEnd < 0 || head.payloadEnd > end ? end : head.payloadEnd
  return {
    comm: head.commBytes ? decodeText(head.commBytes) : head.commStart < 0 ? null : text(head.commStart, head.commEnd),
    pid: head.pid < 0 ? null : head.pid,
    tgid: head.tgid < 0 ? null : head.tgid,
    cpu: head.cpu < 0 ? null : head.cpu,
    flags: head.flagsEnd > head.flagsStart ? text(head.flagsStart, head.flagsEnd).replace(' ', '/') : null,
    time: timeOf(head),
    ticks: head.ticks === 1,
    relativeTime,
    name: nameOf(head, text),
    payload: head.payloadBytes ? decodeText(head.payloadBytes) : text(head.payloadStart, payloadEnd),
  }
}

function nameOf({ givenName, nameBytes, nameStart, nameEnd }: LineHead, text: (from: number, to: number) => string) {
  if (givenName >= 0) return GIVEN_NAMES[givenName]!
  return nameBytes ? decodeText(nameBytes) : text(nameStart, nameEnd)
}

/** `map: IOMMU: iova=…`, printed without context-info or with its context cut off. */
function withoutContext(line: string): DescribedEvent | null {
  const match = /^ *([A-Za-z_]\w*): (.*\w=.*)$/.exec(line)
  if (!match) return null
  const nothing = { comm: null, pid: null, tgid: null, cpu: null, flags: null, time: null }
  return { ...nothing, ticks: false, relativeTime: false, name: match[1]!, payload: match[2]! }
}

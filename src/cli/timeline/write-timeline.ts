import type { Capture } from '../../log/captures.ts'
import { printable } from '../../output/table.ts'
import { type Page, quoted, SEVERITY_STYLE } from '../summary/page.ts'
import { count, spanText, timeText } from '../summary/quantity.ts'
import type { TimelineEvent } from './select-events.ts'
import type { MarkedFinding } from './subject.ts'

export interface ToldEvent extends TimelineEvent {
  /** Since the event told before; null for the first. */
  since: bigint | null
  /** Findings made at this event. */
  marks: MarkedFinding[]
}

/** Puts to each event the time since the one before and the findings that were made at it. */
export function* tell(
  events: Iterable<TimelineEvent>,
  findings: readonly MarkedFinding[],
  limit: number,
): Generator<ToldEvent> {
  const byEvidence = new Map<number, MarkedFinding[]>()
  for (const finding of findings)
    for (const position of finding.evidence) byEvidence.set(position, [...(byEvidence.get(position) ?? []), finding])
  let told = 0
  let before: bigint | null = null
  for (const event of events) {
    if (told++ === limit) return
    const marks = (byEvidence.get(event.position) ?? []).filter(({ ns, evidence }) =>
      ns === null ? evidence.at(-1) === event.position : ns === event.ns,
    )
    yield { ...event, since: before === null ? null : event.ns - before, marks }
    before = event.ns
  }
}

const COMM_WIDTH = 16
const TYPE_WIDTH = 17
const SINCE_WIDTH = 10

/** One line an event: time, time since the one before, kind of act, who, what; findings below the event they were made at. */
export function* timelineText(
  events: Iterable<ToldEvent>,
  page: Page,
  { ticks, firstNs, lastNs }: Capture,
): Generator<string> {
  let width = Math.max(...[firstNs, lastNs].map((ns) => (ns === null ? 0 : timeText(ns, ticks).length)))
  const sinceWidth = ticks ? Math.max(SINCE_WIDTH, width + ' ticks'.length) : SINCE_WIDTH
  for (const { ns, since, type, comm, pid, name, payload, line, marks } of events) {
    const time = timeText(ns, ticks)
    width = Math.max(width, time.length)
    const gap = since === null ? '' : `+${spanText(since, ticks)}`
    const who = quoted(taskText(comm, pid), COMM_WIDTH + 8)
    const front = `${time.padStart(width)} ${gap.padStart(sinceWidth)}  ${type.padEnd(TYPE_WIDTH)}  ${who.padEnd(COMM_WIDTH)}  `
    const place = `  (line ${count(line)})`
    const room = Math.max(20, page.width - front.length - place.length)
    const what = quoted(`${name}: ${shortened(payload)}`, room)
    yield `${page.paint('dim', front.slice(0, width + 1 + sinceWidth))}${front.slice(width + 1 + sinceWidth)}${what}${page.paint('dim', place)}\n`
    for (const { severity, rule, verdict, summary } of marks) {
      const mark = `${' '.repeat(width + 1 + sinceWidth)}  ^ ${severity} ${rule}, ${verdict}:`
      yield `${page.paint(SEVERITY_STYLE[severity], mark)} ${printable(summary)}\n`
    }
  }
}

/** `tool-223` as a trace prints it; what the layout does not say is left out, a message of the kernel log has neither. */
function taskText(comm: string | null, pid: number | null): string {
  if (comm === null) return pid === null ? '' : `pid ${pid}`
  return pid === null ? comm : `${comm}-${pid}`
}

/** Offsets into functions, sizes of them and the modules they are in say little when a story is read. */
function shortened(payload: string): string {
  return payload.replace(/\+0x[0-9a-f]+\/0x[0-9a-f]+(?: \[[\w-]+\])?/g, '')
}

/** The same in the words of the trace: each event's line whole, findings below it with what leaves them open. */
export function* timelineQuotes(events: Iterable<ToldEvent>, page: Page, { lines }: Capture): Generator<string> {
  const digits = count(lines).length
  for (const { line, text, marks } of events) {
    yield `${page.paint('dim', `line ${count(line).padStart(digits)}`)}  ${printable(text)}\n`
    for (const { severity, rule, verdict, summary, missing } of marks) {
      const open = missing === null ? '' : ` ${page.paint('yellow', 'not certain:')} ${printable(missing)}`
      const mark = `${' '.repeat('line '.length + digits)}  ^ ${severity} ${rule}, ${verdict}:`
      yield `${page.paint(SEVERITY_STYLE[severity], mark)} ${printable(summary)}${open}\n`
    }
  }
}

/** One JSON object an event. 64-bit integers are decimal strings. */
export function eventDocument({ capture }: Capture, event: ToldEvent) {
  const { ns, since, position, marks, text: _, ...rest } = event
  return {
    capture,
    position: String(position),
    ts_ns: String(ns),
    since_ns: since === null ? null : String(since),
    ...rest,
    findings: marks.map(({ finding }) => finding),
  }
}

import type Database from 'better-sqlite3'
import type { Capture } from '../../log/captures.ts'
import { printable } from '../../output/table.ts'
import type { Standing } from '../evidence.ts'
import { ownName } from '../own-name.ts'
import { blindSpots } from './blind-spots.ts'
import { gapText } from './gap-text.ts'
import { malformedLines } from './malformed-lines.ts'
import { type Page, quoted } from './page.ts'
import { count, many, timeText } from './quantity.ts'
import { type FindingGroup, findingsOf } from './read-findings.ts'
import { LIMIT_WORDS, type WithoutTier } from './without-tier.ts'

export interface LimitsOptions {
  capture: Capture
  standing: Standing
  /** Undetermined ones. */
  groups: readonly FindingGroup[]
  /** Null where the events amount to a tier. */
  without: WithoutTier | null
  more: (group: FindingGroup) => string
}

const FINDINGS_A_RULE = 3
const GAPS = 5
const LINES = 3

/** What the trace leaves open, and why: findings, gaps, lines not understood, probes that were not set. */
export function* limitsText(sqlite: Database.Database, page: Page, options: LimitsOptions): Generator<string> {
  const { capture, standing, without } = options
  yield* openFindings(sqlite, page, options)
  if (standing.openEpisodes > 0)
    yield `  ${many(standing.openEpisodes, 'reset or revocation', 'resets and revocations')} without a verdict\n`
  yield* gaps(sqlite, capture)
  if (capture.malformed > 0) {
    yield `  ${many(capture.malformed, 'line')} not understood:\n`
    for (const { line, text } of malformedLines(sqlite, capture.capture, LINES))
      yield `    ${page.paint('dim', `line ${line}  `)}${quoted(text, page.width - 12 - String(line).length)}\n`
  }
  if (!capture.ordered) yield `  ${disorder(sqlite, capture)}: events were judged in the order of their times\n`
  if (capture.ticks) yield '  the clock counts no time: no duration is judged (late-unmap)\n'
  const spots = without !== null ? [] : blindSpots(sqlite, capture.capture)
  for (const { probes, rules } of spots)
    yield `  nothing was recorded of ${probes}: no event could show ${rules.join(', ')}\n`
  if (without !== null) yield `  ${LIMIT_WORDS[without]}\n`
  if (without !== null || spots.length > 0)
    yield `  to record more: ${ownName()} record --kernel ${kernelWord(capture.kernel)}\n`
}

/** As part of a command: what a trace calls its kernel may hold anything. */
function kernelWord(kernel: string | null): string {
  return kernel !== null && /^[\w.+-]+$/.test(kernel) ? kernel : '<version>'
}

/** Inputs in one content follow one another in it, and overlap in time; each may be in order for all that. */
function disorder(sqlite: Database.Database, { capture }: Capture): string {
  const backwards = sqlite
    .prepare('SELECT count(*) FROM gap WHERE capture = ? AND reason = ?')
    .pluck()
    .get(capture, 'time stamps run backwards') as number
  return backwards > 0 ? 'time stamps run backwards' : 'it holds more than one input'
}

function* openFindings(sqlite: Database.Database, page: Page, options: LimitsOptions): Generator<string> {
  for (const group of options.groups) {
    const shown = findingsOf(sqlite, options.capture.capture, group, FINDINGS_A_RULE)
    for (const { ns, summary, missing } of shown) {
      const when = ns === null ? '' : ` at ${timeText(ns, options.capture.ticks)}`
      yield `  ${page.paint('yellow', `perhaps ${group.rule}`)}${when}: ${printable(summary)}\n`
      yield `    ${page.paint('dim', 'open because')} ${printable(missing ?? 'the trace does not say')}\n`
    }
    const rest = group.count - shown.length
    if (rest > 0) yield `    ${page.paint('dim', `… ${count(rest)} more: ${options.more(group)}`)}\n`
  }
}

function* gaps(sqlite: Database.Database, { capture, ticks }: Capture): Generator<string> {
  const total = sqlite.prepare('SELECT count(*) FROM gap WHERE capture = ?').pluck().get(capture) as number
  const rows = sqlite
    .prepare('SELECT cpu, from_ns, to_ns, lost, reason FROM gap WHERE capture = ? ORDER BY id LIMIT ?')
    .safeIntegers()
    .all(capture, GAPS) as {
    cpu: bigint | null
    from_ns: bigint | null
    to_ns: bigint | null
    lost: bigint | null
    reason: string
  }[]
  for (const { cpu, from_ns, to_ns, lost, reason } of rows)
    yield `  ${gapText({ cpu, fromNs: from_ns, toNs: to_ns, lost, reason }, ticks)}\n`
  if (total > rows.length) yield `  … ${many(total - rows.length, 'more gap')}\n`
}

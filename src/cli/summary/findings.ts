import type Database from 'better-sqlite3'
import { createObstacleReader } from '../../evidence/obstacles.ts'
import { type QuotedLine, quoteLines } from '../../log/quote-lines.ts'
import { printable } from '../../output/table.ts'
import { obstaclesText } from './obstacles.ts'
import { type Page, quoted, SEVERITY_STYLE } from './page.ts'
import { many, timeText } from './quantity.ts'
import type { FindingGroup, ShownFinding } from './read-findings.ts'
import { findingsOf } from './read-findings.ts'

export interface FindingsOptions {
  capture: number | null
  /** Findings shown of each rule; -1 is all of them. */
  perRule: number
  /** Lines of evidence quoted whole, with their positions; where it is null, a few are shown as far as they fit. */
  quote: number | null
  /** Captures whose times are ticks. */
  ticks: ReadonlySet<number>
  /** More than one capture: each finding says of which it is. */
  several: boolean
  /** The command that lists findings of a rule. */
  more: (group: FindingGroup) => string
}

/** Lines of evidence shown where nobody asked for more. */
const A_FEW = 6

/** Each finding with what it says, its verdict and the lines that it rests on. */
export function* findingsText(
  sqlite: Database.Database,
  page: Page,
  groups: readonly FindingGroup[],
  options: FindingsOptions,
): Generator<string> {
  const obstacles = createObstacleReader(sqlite)
  for (const group of groups) {
    const findings = findingsOf(sqlite, options.capture, group, options.perRule)
    const quotes = quoteLines(
      sqlite,
      findings.flatMap(({ evidence }) => excerpt(evidence, options.quote ?? A_FEW).flat()),
    )
    for (const finding of findings) {
      yield heading(finding, page, options)
      yield `  ${printable(finding.summary)}\n`
      if (finding.missing !== null) yield `  ${page.paint('yellow', 'not certain:')} ${printable(finding.missing)}\n`
      yield* evidenceLines(finding, quotes, page, options.quote)
      if (options.quote !== null) {
        const ticks = options.ticks.has(finding.capture)
        yield* obstaclesText(obstacles.of(finding, quotes), page, ticks)
      }
      yield '\n'
    }
    const rest = group.count - findings.length
    if (rest > 0)
      yield `  ${page.paint('dim', `… ${many(rest, 'more finding')} of ${group.rule}: ${options.more(group)}`)}\n\n`
  }
}

function heading({ rule, severity, verdict, ns, capture }: ShownFinding, page: Page, options: FindingsOptions): string {
  const when = ns === null ? [] : [`at ${timeText(ns, options.ticks.has(capture))}`]
  const where = options.several ? [`capture ${capture}`] : []
  const words = [page.paint(SEVERITY_STYLE[severity], severity), page.paint('bold', rule), verdict, ...when, ...where]
  return `${words.join('  ')}\n`
}

/** The first and the last of a long list. */
function excerpt(evidence: readonly number[], most: number): [first: readonly number[], last: readonly number[]] {
  if (evidence.length <= most) return [evidence, []]
  const last = Math.floor(most / 2)
  return [evidence.slice(0, most - last), evidence.slice(evidence.length - last)]
}

function* evidenceLines(
  { evidence }: ShownFinding,
  quotes: Map<number, QuotedLine>,
  page: Page,
  quote: number | null,
): Generator<string> {
  const [first, last] = excerpt(evidence, quote ?? A_FEW)
  const shown = [...first, ...last]
  const digits = Math.max(...shown.map((position) => String(quotes.get(position)?.line ?? '').length), 1)
  const positionDigits = Math.max(...shown.map((position) => String(position).length))
  const line = (position: number) => {
    const found = quotes.get(position)
    if (found === undefined) return `    position ${position} is not in the log: run revenant verify\n`
    const number = `line ${String(found.line).padStart(digits)}  `
    if (quote === null) return `    ${page.paint('dim', number)}${quoted(found.text, page.width - 4 - number.length)}\n`
    const place = `${number}position ${String(position).padStart(positionDigits)}  `
    return `    ${page.paint('dim', place)}${printable(found.text)}\n`
  }
  yield* first.map(line)
  if (shown.length === evidence.length) return
  yield `    ${page.paint('dim', `… ${evidence.length - shown.length} more`)}\n`
  yield* last.map(line)
}

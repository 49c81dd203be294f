import type Database from 'better-sqlite3'
import { type QuotedLine, quoteLines } from '../../log/quote-lines.ts'
import { printable } from '../../output/table.ts'
import { type Page, quoted, SEVERITY_STYLE } from './page.ts'
import { many, timeText } from './quantity.ts'
import type { FindingGroup, ShownFinding } from './read-findings.ts'
import { findingsOf } from './read-findings.ts'

export interface FindingsOptions {
  capture: number | null
  /** Findings shown of each rule; -1 is all of them. */
  perRule: number
  /** Captures whose times are ticks. */
  ticks: ReadonlySet<number>
  /** More than one capture: each finding says of which it is. */
  several: boolean
  /** The command that lists findings of a rule. */
  more: (group: FindingGroup) => string
}

/** Lines of evidence quoted at the beginning and at the end of a long list. */
const FIRST = 3
const LAST = 3

/** Each finding with what it says, its verdict and the lines that it rests on. */
export function* findingsText(
  sqlite: Database.Database,
  page: Page,
  groups: readonly FindingGroup[],
  options: FindingsOptions,
): Generator<string> {
  for (const group of groups) {
    const findings = findingsOf(sqlite, options.capture, group, options.perRule)
    const quotes = quoteLines(
      sqlite,
      findings.flatMap((finding) => shownEvidence(finding).flat()),
    )
    for (const finding of findings) {
      yield heading(finding, page, options)
      yield `  ${printable(finding.summary)}\n`
      if (finding.missing !== null) yield `  ${page.paint('yellow', 'not certain:')} ${printable(finding.missing)}\n`
      yield* evidenceLines(finding, quotes, page)
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

function shownEvidence({ evidence }: ShownFinding): [first: number[], last: number[]] {
  if (evidence.length <= FIRST + LAST) return [evidence, []]
  return [evidence.slice(0, FIRST), evidence.slice(-LAST)]
}

function* evidenceLines(finding: ShownFinding, quotes: Map<number, QuotedLine>, page: Page): Generator<string> {
  const [first, last] = shownEvidence(finding)
  const digits = Math.max(...[...first, ...last].map((position) => String(quotes.get(position)?.line ?? '').length), 1)
  const line = (position: number) => {
    const quote = quotes.get(position)
    if (quote === undefined) return `    position ${position} is not in the log: run revenant verify\n`
    const number = `line ${String(quote.line).padStart(digits)}  `
    return `    ${page.paint('dim', number)}${quoted(quote.text, page.width - 4 - number.length)}\n`
  }
  yield* first.map(line)
  if (last.length === 0) return
  yield `    ${page.paint('dim', `… ${finding.evidence.length - FIRST - LAST} more`)}\n`
  yield* last.map(line)
}

import type { FindingRow } from '../../domain/read-model.ts'
import { printable } from '../../output/table.ts'
import type { GlobalOptions, Io } from '../command.ts'
import { createPage, SEVERITY_STYLE } from '../summary/page.ts'
import { timeText } from '../summary/quantity.ts'

/** A line for each finding as it is committed. Gaps are left to the summary: a loaded `trace_pipe` has many. */
export function* liveFindings(
  findings: readonly FindingRow[],
  ticks: boolean,
  { color, stdout }: Pick<GlobalOptions, 'color'> & Pick<Io, 'stdout'>,
): Generator<string> {
  const page = createPage({ color }, stdout)
  for (const { rule, severity, verdict, ns, summary } of findings) {
    if (rule === 'incomplete-log') continue
    const when = ns === null ? [] : [`at ${timeText(ns, ticks)}`]
    const words = [page.paint(SEVERITY_STYLE[severity], severity), page.paint('bold', rule), verdict, ...when]
    yield `${[...words, printable(summary)].join('  ')}\n`
  }
}

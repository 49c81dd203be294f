import type { Obstacles } from '../../evidence/obstacles.ts'
import { printable } from '../../output/table.ts'
import { gapText } from './gap-text.ts'
import type { Page } from './page.ts'
import { many } from './quantity.ts'

/** Gaps of one finding that are shown. */
const GAPS = 3

/** What stands in the way of a finding: its gaps with the lines at which they lie, probes that would have decided. */
export function* obstaclesText({ gaps, unseen }: Obstacles, page: Page, ticks: boolean): Generator<string> {
  for (const gap of gaps.slice(0, GAPS)) {
    yield `  ${page.paint('yellow', 'in the way:')} ${gapText(gap, ticks)}\n`
    const digits = Math.max(...gap.lines.map(({ line }) => String(line).length))
    for (const { role, line, text } of gap.lines) {
      const place = `line ${String(line).padStart(digits)}  ${role.padEnd('before'.length)}  `
      yield `    ${page.paint('dim', place)}${printable(text)}\n`
    }
  }
  if (gaps.length > GAPS) yield `    ${page.paint('dim', `… ${many(gaps.length - GAPS, 'more gap')}`)}\n`
  if (unseen.length > 0) yield `  ${page.paint('yellow', 'never recorded:')} ${printable(unseen.join('; or '))}\n`
}

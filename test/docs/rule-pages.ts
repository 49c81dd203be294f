import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { timeText } from '../../src/cli/summary/quantity.ts'
import type { FindingRow } from '../../src/domain/read-model.ts'
import { RULES, type Rule } from '../../src/domain/rules.ts'
import { type Folded, foldText } from '../support/fold-file.ts'
import { RULE_STORIES } from './rule-stories.ts'

const ROOT = join(import.meta.dirname, '../..')
const FIXTURES = join(ROOT, 'test/fixtures')

export const HEADINGS = [
  'What it means',
  'The evidence',
  'In a real trace',
  'What may fool it',
  'What to do about it',
] as const

/** Lines of a trace that a page shows, and the finding that it says they come to. */
export interface Excerpt {
  /** A trace under test/fixtures, or null where the lines are those of the rule's story. */
  trace: string | null
  /** `…` stands for lines that are left out. */
  lines: string[]
  finding: string | null
}

/** One page of docs/rules. */
export interface RulePage {
  rule: Rule
  text: string
  claim: string
  /** As the page has it: `error; warning where nothing was mapped`. */
  severity: string
  tier: string
  headings: string[]
  excerpts: Excerpt[]
  /** What stands under a heading. */
  section(heading: (typeof HEADINGS)[number]): string
}

export function rulePath(rule: string): string {
  return join(ROOT, 'docs/rules', `${rule}.md`)
}

export function rulePage(rule: Rule): RulePage {
  const text = readFileSync(rulePath(rule), 'utf8')
  const head = new RegExp(`^# ${rule}\\n\\n(.+)\\n\\nSeverity (.+?) · tier (.+)\\n\\n## `).exec(text)
  if (!head) throw new Error(`docs/rules/${rule}.md: its head is not name, claim, severity and tier`)
  const parts = text.split(/^## /m).slice(1)
  return {
    rule,
    text,
    claim: head[1]!,
    severity: head[2]!,
    tier: head[3]!,
    headings: parts.map((part) => part.slice(0, part.indexOf('\n'))),
    excerpts: excerptsOf(text),
    section: (heading) => parts.find((part) => part.startsWith(`${heading}\n`)) ?? '',
  }
}

function excerptsOf(text: string): Excerpt[] {
  const excerpts: Excerpt[] = []
  for (const [, info, body] of text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)) {
    const lines = body!.trimEnd().split('\n')
    if (info!.startsWith('trace ')) excerpts.push({ trace: info!.slice('trace '.length), lines, finding: null })
    else if (info === 'simulated') excerpts.push({ trace: null, lines, finding: null })
    else if (info === 'finding') excerpts.at(-1)!.finding = lines.join('\n')
    else throw new Error(`a block of this kind is not checked: ${info}`)
  }
  return excerpts
}

/** What an excerpt is taken from: all lines of it, and all that the engine makes of them. */
export interface Source {
  lines: string[]
  folded: Folded
}

export async function sourceOf(rule: Rule, { trace }: Excerpt): Promise<Source> {
  if (trace !== null) {
    const path = [join(FIXTURES, 'traces', trace), join(FIXTURES, trace)].find(existsSync)
    if (path === undefined) throw new Error(`docs/rules/${rule}.md: no such trace under test/fixtures: ${trace}`)
    const bytes = readFileSync(path)
    return { lines: bytes.toString('utf8').split('\n'), folded: await foldText(bytes) }
  }
  const story = RULE_STORIES[rule]
  if (!story) throw new Error(`test/docs/rule-stories.ts has no story of ${rule}`)
  const { printed, folded } = await story.fold()
  return { lines: printed.lines, folded }
}

/** Those of the lines that are events, in the order of their numbers. */
export function eventLines({ lines }: Source): string[] {
  return lines.filter((line) => /^.+-\d+ +(?:\([ \d-]+\) )?\[\d+\]/.test(line))
}

/** A finding as `check` prints it, without its lines. */
export function findingText({ severity, rule, verdict, ns, summary, missing }: FindingRow): string {
  const head = [severity, rule, verdict, ...(ns === null ? [] : [`at ${timeText(ns, false)}`])].join('  ')
  return [head, `  ${summary}`, ...(missing === null ? [] : [`  not certain: ${missing}`])].join('\n')
}

/** docs/rules/README.md, as the pages have it. */
export function rulesIndex(): string {
  const rows = RULES.map(rulePage).map(
    ({ rule, claim, severity, tier }) => `| [${rule}](${rule}.md) | ${claim} | ${severity} | ${tier} |`,
  )
  return `${[
    '# Rules',
    'A rule speaks when the events prove that it was broken: the finding is `violated`. Where a hole in the trace (events lost, a buffer older than the trace, a probe that was not set) could have hidden what would excuse it, the finding is `undetermined`, and its `missing` names the hole.\nSeverities are those of a violated finding. The tier is the least recording that can show it: T0 native `dma_buf` events, T1 the kernel log, T2 probes, T3 IOMMU and fence events; see [recording](../recording.md). Words of the field are in the [glossary](../glossary.md).',
    ['| rule | says | severity | tier |', '| --- | --- | --- | --- |', ...rows].join('\n'),
    'Each page says what the kernel asks for, what proves the breach, what it looks like in a trace, what may fool the rule, and what to do about it. The blocks of lines are verbatim from traces of real kernels, or printed by the tests where the page says so; `…` stands for lines left out.\nThis table is made from the pages: after a change there, `npx vitest run test/docs -u` brings it up to date.',
  ].join('\n\n')}\n`
}

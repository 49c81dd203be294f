import { SEVERITIES } from '../../domain/rules.ts'
import { findCapture } from '../../log/captures.ts'
import type { LogConnection } from '../../log/connection.ts'
import { readCheckpoint } from '../../projection/store.ts'
import type { Io } from '../command.ts'
import { standingOf } from '../evidence.ts'
import { commandLine, ruleWords } from '../own-name.ts'
import { findingsText } from './findings.ts'
import { headingText, TIER_WORDS } from './heading.ts'
import { limitsText } from './limits.ts'
import { createPage, SEVERITY_STYLE } from './page.ts'
import { many } from './quantity.ts'
import { type FindingGroup, findingGroups, findingsOf } from './read-findings.ts'
import { storyText } from './story.ts'
import { EVIDENCE_WORDS, withoutTier } from './without-tier.ts'

export interface SummaryOptions {
  capture: number
  duplicate: boolean
  /** As the user named it. */
  db: string
  /** Folder of the user's own rules. */
  rules?: string
  color: boolean
  stdout: Io['stdout']
}

/** Findings of one rule that are quoted in full. */
const PER_RULE = 3

/** The page after an ingest: what was read, what happened, what was found, what stays open, what to do next. */
export function* writeSummary({ sqlite }: LogConnection, options: SummaryOptions): Generator<string> {
  const capture = findCapture(sqlite, options.capture)!
  const page = createPage(options, options.stdout)
  const tier = readCheckpoint(sqlite, options.capture)?.tier ?? null
  const standing = standingOf(sqlite, options.capture)
  const more = ({ rule }: FindingGroup) =>
    commandLine(`query findings -p capture=${options.capture} ${ruleWords(rule, options.rules)}`, options.db)
  const section = (title: string) => `${page.paint(['bold', 'underline'], title)}\n`

  const without = tier === null ? withoutTier(sqlite, capture) : null
  const evidence = without === null ? `${tier}, ${TIER_WORDS[tier!] ?? 'unknown'}` : EVIDENCE_WORDS[without]
  yield* headingText(page, capture, evidence, options.duplicate)
  yield section('What happened')
  const story = [
    ...storyText(sqlite, page, {
      capture: options.capture,
      ticks: capture.ticks,
      more: (device) => commandLine(`timeline --capture ${options.capture} --device ${device}`, options.db),
    }),
  ]
  yield story.length > 0 ? story.join('') : '  no buffer, importer or reset is in the events\n\n'
  const groups = findingGroups(sqlite, options.capture).filter(({ rule }) => rule !== 'incomplete-log')
  const violated = groups.filter(({ verdict }) => verdict === 'violated')
  yield section('Findings')
  if (violated.length === 0) yield '  none that the events prove\n\n'
  yield* findingsText(
    sqlite,
    page,
    violated.filter(({ severity }) => severity !== 'info'),
    {
      capture: options.capture,
      perRule: PER_RULE,
      quote: null,
      ticks: new Set(capture.ticks ? [options.capture] : []),
      several: false,
      more,
    },
  )
  for (const group of violated.filter(({ severity }) => severity === 'info'))
    yield `${page.paint(SEVERITY_STYLE.info, 'info')}  ${group.rule}, ${many(group.count, 'time')}: ${more(group)}\n\n`

  yield section('What this trace cannot prove')
  const open = [
    ...limitsText(sqlite, page, {
      capture,
      standing,
      groups: groups.filter(({ verdict }) => verdict === 'undetermined'),
      without,
      more,
    }),
  ]
  yield open.length > 0 ? open.join('') : '  nothing is left open\n'
  const counts = SEVERITIES.map((severity) => {
    const text = `${standing.violated[severity]} ${severity}`
    return standing.violated[severity] > 0 ? page.paint(SEVERITY_STYLE[severity], text) : text
  })
  yield `\n${counts.join(', ')}, ${standing.undetermined} undetermined. Next: ${next()}\n`

  function next(): string {
    const [worst] = violated
    const [first] = worst ? findingsOf(sqlite, options.capture, worst, 1) : []
    const words =
      first?.ino != null
        ? `timeline --capture ${options.capture} --ino ${first.ino}`
        : `check --capture ${options.capture}`
    return commandLine(words, options.db)
  }
}

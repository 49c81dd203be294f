import { evidenceKind } from '../../domain/evidence/kinds.ts'
import { printable } from '../../output/table.ts'
import { ownName } from '../own-name.ts'
import { TIER_WORDS } from '../summary/heading.ts'
import type { Page } from '../summary/page.ts'
import { many } from '../summary/quantity.ts'
import type { RecordingDocument } from './recording-document.ts'

/** The document for people: what is there, what it decides, what it does not and why, and what to add. */
export function* writeRecording(document: RecordingDocument, page: Page): Generator<string> {
  const { file, tier, events, clock, kernel, seen, unseen, rules, limits, next } = document
  const words = tier === null ? 'no tier: nothing about dma-buf' : `tier ${tier}: ${TIER_WORDS[tier]}`
  yield `${page.paint('bold', printable(file))}: ${words}\n`
  yield `  ${many(events, 'event')}, clock ${clock ?? 'unknown'}, ${kernel === null ? 'kernel unknown' : `Linux ${printable(kernel)}`}\n`

  yield section('Seen')
  const rows = seen.map((row) => [evidenceKind(row.evidence).what, String(row.events), row.as.join(', ')] as const)
  const width = (at: 0 | 1) => Math.max(0, ...rows.map((row) => row[at].length))
  for (const [what, number, as] of rows)
    yield `  ${what.padEnd(width(0))}  ${number.padStart(width(1))}  ${printable(as)}\n`
  if (rows.length === 0) yield '  nothing that a rule rests on\n'
  if (unseen.length > 0)
    yield `  not seen (not recorded, or it did not happen): ${unseen.map((name) => evidenceKind(name).what).join(', ')}\n`

  yield section('Rules')
  const of = (can: string) => rules.filter((rule) => rule.can === can)
  if (of('decide').length > 0)
    yield `  decided: ${of('decide')
      .map(({ rule }) => rule)
      .join(', ')}\n`
  const doubtful = [...of('partly'), ...of('nothing')]
  const longest = Math.max(0, ...doubtful.map(({ rule }) => rule.length))
  for (const { rule, can, why } of doubtful)
    yield `  ${can === 'partly' ? 'in part' : page.paint('yellow', 'not    ')}  ${rule.padEnd(longest)}  ${why}\n`

  if (limits.length > 0) yield section('Limits')
  for (const { text } of limits) yield `  ${text}\n`

  if (next.probes.length + next.events.length > 0) {
    yield section(`Next time, on Linux ${next.kernel}`)
    if (next.events.length > 0) yield `  enable ${next.events.join(', ')}\n`
    if (next.probes.length > 0) yield '  write to dynamic_events:\n'
    for (const line of next.probes) yield `    ${line}\n`
  }
  yield `\n  The whole recipe: ${ownName()} record --kernel ${next.kernel}\n`

  function section(title: string): string {
    return `\n${page.paint(['bold', 'underline'], title)}\n`
  }
}

import type { Difference } from '../../diff/compare-captures.ts'
import type { FindingChange, FindingDifference } from '../../diff/compare-findings.ts'
import type { ImporterDifference, ImporterField } from '../../diff/compare-importers.ts'
import type { Distribution, LatencyDifference } from '../../diff/compare-latencies.ts'
import { type Page, quoted, SEVERITY_STYLE, type Style } from '../summary/page.ts'
import { count, many, spanText } from '../summary/quantity.ts'
import type { Side } from './diff-document.ts'

const CHANGE_STYLE: Record<FindingChange, Style> = {
  new: 'red',
  more: 'red',
  same: 'dim',
  fewer: 'green',
  gone: 'green',
}

/** The comparison as a page: what is worse first, then importers, latencies, and how far to trust it. */
export function* diffText(before: Side, after: Side, difference: Difference, page: Page): Generator<string> {
  yield `${page.paint('bold', 'from')} ${sideText(before, page)}\n`
  yield `${page.paint('bold', 'to  ')} ${sideText(after, page)}\n`
  const proven = difference.findings.filter(({ verdict }) => verdict === 'violated')
  const open = difference.findings.filter(({ verdict }) => verdict === 'undetermined')
  yield* section(
    'findings',
    proven.map((each) => findingText(each, page)),
    page,
  )
  yield* section(
    'undetermined findings',
    open.map((each) => findingText(each, page)),
    page,
  )
  yield* section('importers', difference.importers.map(importerText), page)
  const ticks = before.capture.ticks || after.capture.ticks
  yield* section(
    'latencies',
    difference.latencies.map((each) => latencyText(each, ticks, page)),
    page,
  )
  yield* section('what the second trace may not show', difference.lostSight, page)
}

function* section(title: string, lines: readonly string[], page: Page): Generator<string> {
  if (lines.length === 0) return
  yield `\n${page.paint('bold', title)}\n`
  for (const line of lines) yield `  ${line}\n`
}

function sideText({ capture: { capture, name, kernel }, coverage }: Side, page: Page): string {
  const { tier, buffers, attachments, revocations, resets } = coverage
  const what = [
    many(buffers, 'buffer'),
    many(attachments, 'attachment'),
    many(revocations, 'revocation'),
    many(resets, 'reset'),
  ]
  const of = [tier, kernel].filter((word) => word !== null)
  return `capture ${capture}, ${quoted(name, page.width)}${of.length > 0 ? ` (${of.join(', ')})` : ''}: ${what.join(', ')}`
}

function findingText(finding: FindingDifference, page: Page): string {
  const { change, before, after, severity, rule, exporter, importerClass, importer, unsure } = finding
  const who = importer ?? (importerClass === null ? null : 'unknown importer')
  const importing = who === null ? '' : `, ${who}${importerClass === null ? '' : ` (${importerClass})`}`
  const counts = `${count(before)} → ${count(after)}`
  const doubt = unsure.length === 0 ? '' : `; perhaps only not seen: ${unsure.join(', ')}`
  return `${page.paint(CHANGE_STYLE[change], change.padEnd(5))} ${counts.padEnd(9)} ${page.paint(SEVERITY_STYLE[severity], severity)} ${rule}: ${exporter ?? 'unknown exporter'}${importing}${doubt}`
}

function importerText({ device, change, fields, before, after }: ImporterDifference): string {
  const name = device ?? 'unknown device'
  const kinds = (facts: typeof before) =>
    [...new Set(facts.map((fact) => `${fact.class} (${fact.basis})`))].join(' and ')
  if (change === 'new' || change === 'gone')
    return `${change.padEnd(7)} ${name}: ${kinds(change === 'new' ? after : before)}`
  if (change === 'same') return `same    ${name}: ${kinds(after)}`
  return `changed ${name}: ${fields.map((field) => `${field} ${valuesText(before, field)} → ${valuesText(after, field)}`).join(', ')}`
}

function valuesText(facts: ImporterDifference['before'], field: ImporterField): string {
  return [...new Set(facts.map((fact) => String(fact[field] ?? 'unknown')))].sort().join('/')
}

function latencyText(latency: LatencyDifference, ticks: boolean, page: Page): string {
  const { kind, name, class: importerClass, before, after, verdict } = latency
  const what =
    kind === 'revocation' ? `revocations by ${name ?? 'unknown exporters'}` : `unmaps by ${name ?? 'unknown importers'}`
  const word =
    verdict === 'slower' ? page.paint('red', verdict) : verdict === 'faster' ? page.paint('green', verdict) : verdict
  return `${what}${importerClass === null ? '' : ` (${importerClass})`}: ${word}; ${spread(before, ticks)} → ${spread(after, ticks)}`
}

function spread({ n, p50, p90, max }: Distribution, ticks: boolean): string {
  if (p50 === null || p90 === null || max === null) return 'none'
  if (n === 1) return `1 of ${spanText(max, ticks)}`
  return `${count(n)} of median ${spanText(p50, ticks)}, 90 % ${spanText(p90, ticks)}, most ${spanText(max, ticks)}`
}

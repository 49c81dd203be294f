import { SEVERITIES, type Severity } from '../domain/rules.ts'
import type { Coverage, FindingGroup } from './evidence.ts'

export type FindingChange = 'new' | 'more' | 'gone' | 'fewer' | 'same'

export interface FindingDifference extends Omit<FindingGroup, 'count'> {
  change: FindingChange
  before: number
  after: number
  /** Why what is gone, or fewer, may only not have been seen; empty where nothing stands against it. */
  unsure: string[]
}

/** Worst first: what is new or more, the most severe of it first. */
const CHANGES: readonly FindingChange[] = ['new', 'more', 'same', 'fewer', 'gone']

/** Proven findings are compared with proven ones, undetermined with undetermined ones. */
export function compareFindings(
  before: readonly FindingGroup[],
  after: readonly FindingGroup[],
  coverage: { before: Coverage; after: Coverage },
  /** Importing devices of the second capture. */
  attached: ReadonlySet<string | null>,
): FindingDifference[] {
  const groups = new Map<string, FindingDifference>()
  for (const [side, list] of [['before', before] as const, ['after', after] as const]) {
    for (const { count, ...identity } of list) {
      const key = keyOf(identity)
      const group = groups.get(key) ?? { ...identity, change: 'same', before: 0, after: 0, unsure: [] }
      group[side] += count
      groups.set(key, group)
    }
  }
  for (const group of groups.values()) {
    group.change = changeOf(group)
    if (group.change === 'gone' || group.change === 'fewer') group.unsure = doubts(group, groups, coverage, attached)
  }
  return [...groups.values()].sort(
    (a, b) =>
      CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change) ||
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      (keyOf(a) < keyOf(b) ? -1 : 1),
  )
}

/** Whether the second capture has a new kind of proven finding of at least this severity, or more of one. */
export function isWorse(differences: readonly FindingDifference[], least: Severity): boolean {
  const failing = SEVERITIES.slice(0, SEVERITIES.indexOf(least) + 1)
  return differences.some(
    ({ change, verdict, severity }) =>
      verdict === 'violated' && failing.includes(severity) && (change === 'new' || change === 'more'),
  )
}

function keyOf({ rule, severity, verdict, exporter, importerClass, importer }: Omit<FindingGroup, 'count'>): string {
  return JSON.stringify([verdict, rule, severity, exporter, importerClass, importer])
}

function changeOf({ before, after }: FindingDifference): FindingChange {
  if (before === 0) return 'new'
  if (after === 0) return 'gone'
  return after > before ? 'more' : after < before ? 'fewer' : 'same'
}

/** A finding that is not there is news only where the second trace would have shown it. */
function doubts(
  group: FindingDifference,
  groups: ReadonlyMap<string, FindingDifference>,
  { before, after }: { before: Coverage; after: Coverage },
  attached: ReadonlySet<string | null>,
): string[] {
  const open = group.verdict === 'violated' ? groups.get(keyOf({ ...group, verdict: 'undetermined' })) : undefined
  const blind = after.blind.get(group.rule)
  const words: [boolean, string][] = [
    [(open?.after ?? 0) > (open?.before ?? 0), 'it is undetermined there'],
    [blind !== undefined && !before.blind.has(group.rule), `the second trace has ${blind}`],
    [after.gaps > 0, `the second trace has ${after.gaps} ${after.gaps === 1 ? 'gap' : 'gaps'}`],
    [after.malformed > 0, 'lines of the second trace were not understood'],
    [!after.complete, 'the second capture is not read to its end'],
    [before.revocations > 0 && after.revocations === 0, 'nothing was revoked in the second trace'],
    [before.resets > 0 && after.resets === 0, 'nothing was reset in the second trace'],
    [
      after.attachments > 0 && group.importer !== null && !attached.has(group.importer),
      `${group.importer} attached to nothing in the second trace`,
    ],
    [before.attachments > 0 && after.attachments === 0, 'nobody attached to anything in the second trace'],
  ]
  return words.filter(([is]) => is).map(([, text]) => text)
}

/** Which kinds of evidence a trace never shows, and which rules say nothing without them. */
import type Database from 'better-sqlite3'
import { type EvidenceName, evidenceKind } from '../../domain/evidence/kinds.ts'
import { JUDGED_RULES, type Need, needsOf } from '../../domain/evidence/needs.ts'
import type { Rule } from '../../domain/rules.ts'
import { kindsSeen } from './kinds-seen.ts'

export interface BlindSpot {
  /** What would have to be recorded, as tracepoints and probed functions. */
  probes: string
  /** Rules that cannot speak, or only as undetermined. */
  rules: readonly Rule[]
}

export function blindSpots(sqlite: Database.Database, capture: number): BlindSpot[] {
  const has = kindsSeen(sqlite, capture)
  const spoke = new Set(sqlite.prepare('SELECT DISTINCT rule FROM finding WHERE capture = ?').pluck().all(capture))
  const spots = new Map<string, { need: Need; rules: Rule[] }>()
  for (const rule of JUDGED_RULES) {
    // A rule can speak all the same where other events show it, such as an IOMMU's translations.
    if (spoke.has(rule)) continue
    for (const need of needsOf(rule).needs) {
      if (need.some(has) || need.every(isForUsersAlone)) continue
      const key = need.join()
      spots.set(key, { need, rules: [...(spots.get(key)?.rules ?? []), rule] })
    }
  }
  return [...spots.values()].map(({ need, rules }) => ({
    probes: need
      .filter((name) => !isForUsersAlone(name))
      .map((name) => evidenceKind(name).recorded)
      .join(', '),
    rules,
  }))
}

/** No recipe records it: who has no such events need not be told. */
function isForUsersAlone(name: EvidenceName): boolean {
  return name === 'accesses'
}

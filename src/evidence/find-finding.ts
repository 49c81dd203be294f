import type Database from 'better-sqlite3'
import type { Rule, Verdict } from '../domain/rules.ts'
import type { Judged } from './obstacles.ts'

export interface NamedFinding extends Judged {
  finding: string
  rule: Rule
}

/** The finding of this name; null where the log has none. */
export function findFinding(sqlite: Database.Database, finding: string): NamedFinding | null {
  const row = sqlite
    .prepare('SELECT capture, rule, verdict, ts_ns, evidence, missing FROM finding WHERE finding = ?')
    .safeIntegers()
    .get(finding) as
    | { capture: bigint; rule: Rule; verdict: Verdict; ts_ns: bigint | null; evidence: string; missing: string | null }
    | undefined
  if (row === undefined) return null
  return {
    finding,
    capture: Number(row.capture),
    rule: row.rule,
    verdict: row.verdict,
    ns: row.ts_ns,
    evidence: JSON.parse(row.evidence) as number[],
    missing: row.missing,
  }
}

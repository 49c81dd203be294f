import type Database from 'better-sqlite3'
import { type RuleName, SEVERITIES, type Severity, type Verdict } from '../../domain/rules.ts'

export interface ShownFinding {
  finding: string
  capture: number
  rule: RuleName
  severity: Severity
  verdict: Verdict
  ns: bigint | null
  ino: bigint | null
  summary: string
  /** Log positions. */
  evidence: number[]
  missing: string | null
}

export interface FindingGroup {
  rule: RuleName
  severity: Severity
  verdict: Verdict
  count: number
}

/** Findings by severity, rule and verdict, the worst first; of one capture, or of all where it is null. */
export function findingGroups(sqlite: Database.Database, capture: number | null): FindingGroup[] {
  const groups = sqlite
    .prepare(
      `SELECT rule, severity, verdict, count(*) AS count FROM finding
       WHERE (@capture IS NULL OR capture = @capture) GROUP BY rule, severity, verdict ORDER BY min(ts_ns), rule`,
    )
    .all({ capture }) as FindingGroup[]
  return groups.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity))
}

/** The first `limit` findings of a group, in time order; -1 is all of them. */
export function findingsOf(
  sqlite: Database.Database,
  capture: number | null,
  { rule, severity, verdict }: FindingGroup,
  limit: number,
): ShownFinding[] {
  const rows = sqlite
    .prepare(
      `SELECT finding, capture, ts_ns, ino, summary, evidence, missing FROM finding
       WHERE (@capture IS NULL OR capture = @capture) AND rule = @rule AND severity = @severity AND verdict = @verdict
       ORDER BY capture, ts_ns, id LIMIT @limit`,
    )
    .safeIntegers()
    .all({ capture, rule, severity, verdict, limit }) as Record<string, never>[]
  return rows.map((row) => ({
    finding: row.finding!,
    capture: Number(row.capture),
    rule,
    severity,
    verdict,
    ns: row.ts_ns!,
    ino: row.ino === null ? null : BigInt.asUintN(64, row.ino!),
    summary: row.summary!,
    evidence: JSON.parse(row.evidence!) as number[],
    missing: row.missing!,
  }))
}

import type Database from 'better-sqlite3'
import type { Standing } from './evidence.ts'
import { findingGroups, findingsOf } from './summary/read-findings.ts'

/** What `check --json` prints. 64-bit integers are decimal strings, as in the queries. */
export function checkDocument(
  sqlite: Database.Database,
  capture: number | null,
  { violated, undetermined }: Standing,
  failed: boolean,
  incomplete: string[],
) {
  const findings = findingGroups(sqlite, capture).flatMap((group) => findingsOf(sqlite, capture, group, -1))
  return {
    failed,
    counts: { ...violated, undetermined },
    /** Why the evidence is incomplete; empty where it is not. */
    incomplete,
    findings: findings.map(({ ns, ino, evidence, ...rest }) => ({
      ...rest,
      ts_ns: ns === null ? null : String(ns),
      ino: ino === null ? null : String(ino),
      evidence: evidence.map(String),
    })),
  }
}

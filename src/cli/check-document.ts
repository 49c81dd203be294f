import type Database from 'better-sqlite3'
import { evidenceDocuments } from '../evidence/document.ts'
import type { Standing } from './evidence.ts'
import { findingGroups, findingsOf } from './summary/read-findings.ts'

/**
 * What `check --json` prints. 64-bit integers are decimal strings, as in the queries. Where `quote` is set, `evidence`
 * holds lines instead of positions, and `gaps` and `unseen` say what stands in the way; see src/evidence/document.ts.
 */
export function checkDocument(
  sqlite: Database.Database,
  capture: number | null,
  { violated, undetermined }: Standing,
  failed: boolean,
  incomplete: string[],
  quote: boolean,
) {
  const findings = findingGroups(sqlite, capture).flatMap((group) => findingsOf(sqlite, capture, group, -1))
  const quotes = quote ? evidenceDocuments(sqlite, findings) : []
  return {
    failed,
    counts: { ...violated, undetermined },
    /** Why the evidence is incomplete; empty where it is not. */
    incomplete,
    findings: findings.map(({ ns, ino, evidence, ...rest }, at) => ({
      ...rest,
      ts_ns: ns === null ? null : String(ns),
      ino: ino === null ? null : String(ino),
      ...(quotes[at] ?? { evidence: evidence.map(String) }),
    })),
  }
}

import type Database from 'better-sqlite3'
import type { CaptureEvidence, Coverage, FindingGroup, ImporterFact, Latencies } from '../../diff/evidence.ts'
import { decisions } from '../../domain/evidence/needs.ts'
import type { Rule } from '../../domain/rules.ts'
import type { Capture } from '../../log/captures.ts'
import { readCheckpoint } from '../../projection/store.ts'
import { standingOf } from '../evidence.ts'
import { kindsSeen } from '../summary/kinds-seen.ts'

/** What a capture's read models bring to a comparison. */
export function readEvidence(sqlite: Database.Database, capture: Capture): CaptureEvidence {
  return {
    findings: findings(sqlite, capture.capture),
    importers: importers(sqlite, capture.capture),
    latencies: latencies(sqlite, capture.capture),
    coverage: coverage(sqlite, capture),
  }
}

function findings(sqlite: Database.Database, capture: number): FindingGroup[] {
  return sqlite
    .prepare(
      `SELECT rule, severity, verdict, exporter, importer_class AS importerClass,
         coalesce(importer_device, (SELECT callback FROM attachment AS a
           WHERE a.capture = f.capture AND a.attachment = f.attachment AND a.ino IS f.ino LIMIT 1)) AS importer,
         count(*) AS count
       FROM finding AS f WHERE capture = ? GROUP BY 1, 2, 3, 4, 5, 6`,
    )
    .all(capture) as FindingGroup[]
}

function importers(sqlite: Database.Database, capture: number): ImporterFact[] {
  const rows = sqlite
    .prepare(
      `SELECT DISTINCT importer_device AS device, class, callback, p2p, basis, deferred FROM attachment
       WHERE capture = ? AND refused_errno IS NULL ORDER BY 1, 2, 3, 4, 5, 6`,
    )
    .all(capture) as (Omit<ImporterFact, 'p2p' | 'deferred'> & { p2p: number | null; deferred: number | null })[]
  const flag = (value: number | null) => (value === null ? null : value === 1)
  return rows.map((row) => ({ ...row, p2p: flag(row.p2p), deferred: flag(row.deferred) }))
}

function latencies(sqlite: Database.Database, capture: number): Latencies[] {
  const rows = sqlite
    .prepare(
      `SELECT 'revocation' AS kind, b.exporter AS name, NULL AS class, r.blocked_ns AS ns
         FROM revocation AS r JOIN buffer AS b ON b.capture = r.capture AND b.id = r.buffer
         WHERE r.capture = @capture AND r.blocked_ns IS NOT NULL
       UNION ALL
       SELECT 'unmap', a.importer_device, a.class, m.unmap_latency_ns
         FROM mapping AS m JOIN attachment AS a ON a.capture = m.capture AND a.id = m.attachment_id
         WHERE m.capture = @capture AND m.unmap_latency_ns IS NOT NULL`,
    )
    .safeIntegers()
    .all({ capture }) as (Omit<Latencies, 'ns'> & { ns: bigint })[]
  const groups = new Map<string, Latencies>()
  for (const { ns, ...of } of rows) {
    const key = JSON.stringify(of)
    const group = groups.get(key) ?? { ...of, ns: [] }
    group.ns.push(ns)
    groups.set(key, group)
  }
  return [...groups.values()]
}

function coverage(sqlite: Database.Database, { capture, complete, malformed, ticks }: Capture): Coverage {
  const count = (sql: string) => sqlite.prepare(sql).pluck().get(capture) as number
  const { gaps, undetermined, openEpisodes } = standingOf(sqlite, capture)
  const blind = new Map<Rule, string>()
  for (const { rule, can, why } of decisions(kindsSeen(sqlite, capture)))
    if (can === 'nothing' && why !== null) blind.set(rule, why)
  return {
    tier: readCheckpoint(sqlite, capture)?.tier ?? null,
    gaps,
    malformed,
    complete,
    ticks,
    undetermined,
    openEpisodes,
    blind,
    buffers: count('SELECT count(*) FROM buffer WHERE capture = ?'),
    attachments: count('SELECT count(*) FROM attachment WHERE capture = ? AND refused_errno IS NULL'),
    revocations: count('SELECT count(*) FROM revocation WHERE capture = ?'),
    resets: count('SELECT count(*) FROM reset WHERE capture = ?'),
  }
}

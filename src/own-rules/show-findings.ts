import type Database from 'better-sqlite3'
import { FINDING_COLUMNS } from '../projection/finding-table.ts'
import type { NamedFinding } from './own-finding.ts'

/** In a capture, findings of own rules come behind the built-in ones of the same time. */
const FIRST_ID = 1_000_000_000

const COLUMNS = ['capture', ...FINDING_COLUMNS] as const

/**
 * Shows findings of own rules among the stored ones, on this connection alone: SQLite looks for `finding` in what is
 * temporary first. For connections that only read, outside of a transaction; what was shown before is gone.
 */
export function showFindings(sqlite: Database.Database, findings: readonly NamedFinding[]): void {
  const columns = COLUMNS.join(', ')
  sqlite.exec(`
    DROP VIEW IF EXISTS temp.finding;
    DROP TABLE IF EXISTS temp.own_finding;
    CREATE TEMP TABLE own_finding AS SELECT ${columns} FROM main.finding WHERE FALSE;
    CREATE TEMP VIEW finding AS
      SELECT ${columns} FROM main.finding UNION ALL SELECT ${columns} FROM temp.own_finding`)
  const insert = sqlite.prepare(
    `INSERT INTO temp.own_finding (${columns}) VALUES (${COLUMNS.map((name) => `@${name}`).join(', ')})`,
  )
  sqlite.transaction(() => {
    for (const [n, finding] of findings.entries())
      insert.run({ ...finding, id: FIRST_ID + n, evidence: JSON.stringify(finding.evidence) })
  })()
}

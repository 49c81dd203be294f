import type Database from 'better-sqlite3'
import { capturesWithHead } from '../log/captures.ts'
import { findingName } from './finding-name.ts'
import { keyOf } from './store.ts'

/**
 * Names the findings of a capture anew, and of the later ones whose key counts it: its head grew from `before` to `now`.
 * To be called inside the transaction that wrote the new head.
 */
export function renameFindings(sqlite: Database.Database, capture: number, before: string, now: string): void {
  const later = capturesWithHead(sqlite, before).filter((other) => other.capture > capture)
  const same = capturesWithHead(sqlite, now).filter((other) => other.capture >= capture)
  const select = sqlite.prepare(
    `SELECT id, rule, (
       SELECT first_seq + json_extract(evidence, '$[0]') - first_position FROM segment
       WHERE segment.capture = finding.capture AND first_position <= json_extract(evidence, '$[0]')
       ORDER BY number DESC LIMIT 1
     ) AS seq FROM finding WHERE capture = ?`,
  )
  const update = sqlite.prepare('UPDATE finding SET finding = ? WHERE capture = ? AND id = ?')
  for (const { capture: id } of [...later, ...same]) {
    const rows = select.all(id) as { id: number; rule: Parameters<typeof findingName>[1]['rule']; seq: number | null }[]
    if (rows.length === 0) continue
    const key = keyOf(sqlite, id)
    for (const { id: finding, rule, seq } of rows)
      update.run(findingName(key, { id: finding, rule, evidence: seq === null ? [] : [seq] }), id, finding)
  }
}

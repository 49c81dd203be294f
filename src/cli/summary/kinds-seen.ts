import type Database from 'better-sqlite3'
import { ACT_TYPES, type ActType } from '../../domain/act-type.ts'
import { type EvidenceName, evidenceKind } from '../../domain/evidence/kinds.ts'
import { unpackTypes } from '../../projection/meaning-codec.ts'

/** Which kinds of evidence a capture shows, by what its events mean and what they are called. */
export function kindsSeen(sqlite: Database.Database, capture: number): (name: EvidenceName) => boolean {
  const seen = typesSeen(sqlite, capture)
  const named = sqlite.prepare('SELECT 1 FROM string WHERE capture = ? AND text = ?').pluck()
  return (name) => {
    const { types, names = [] } = evidenceKind(name)
    return types.some((type) => seen.has(type)) || names.some((text) => named.get(capture, text) !== undefined)
  }
}

function typesSeen(sqlite: Database.Database, capture: number): Set<ActType> {
  const seen = new Uint8Array(ACT_TYPES.length)
  const blobs = sqlite.prepare('SELECT events, columns FROM meaning WHERE capture = ?')
  for (const row of blobs.iterate(capture)) {
    const { events, columns } = row as { events: number; columns: Buffer }
    for (const type of unpackTypes(columns, events)) seen[type] = 1
  }
  return new Set(ACT_TYPES.filter((_, index) => seen[index] === 1))
}

import type Database from 'better-sqlite3'
import { LineKind } from '../../domain/record.ts'
import { linesAt, listSegments, readColumns } from '../../log/read-log.ts'

/** The first lines of a capture that were not understood. */
export function malformedLines(sqlite: Database.Database, capture: number, limit: number) {
  const numbers: number[] = []
  for (const segment of listSegments(sqlite, { capture })) {
    const { lineKind, lineCount } = readColumns(sqlite, segment)
    for (let i = 0; i < lineCount && numbers.length < limit; i++)
      if (lineKind[i] === LineKind.malformed) numbers.push(segment.firstLine + i)
    if (numbers.length === limit) break
  }
  return [...linesAt(sqlite, capture, numbers)].map(([line, text]) => ({ line, text }))
}

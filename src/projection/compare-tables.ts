import type Database from 'better-sqlite3'

/** How many differing rows of a table are told one by one. */
const SHOWN = 3

/** Differences between a capture's rows in `kept` and in `fresh`, in words. */
export function compareTables(
  kept: Database.Database,
  fresh: Database.Database,
  table: string,
  capture: number,
): string[] {
  const key = table === 'meaning' ? 'first_seq' : table === 'checkpoint' ? 'capture' : 'id'
  const rowsOf = (db: Database.Database) =>
    db
      .prepare(`SELECT * FROM ${table} WHERE capture = ? ORDER BY ${key}`)
      .safeIntegers()
      .iterate(capture) as IterableIterator<Row>
  const differing: string[] = []
  let count = 0
  const tell = (words: string) => {
    if (count++ < SHOWN) differing.push(words)
  }
  const replayed = rowsOf(fresh)
  let mine = replayed.next()
  for (const row of rowsOf(kept)) {
    while (!mine.done && mine.value[key]! < row[key]!) {
      tell(`${table} ${mine.value[key]} is missing`)
      mine = replayed.next()
    }
    if (mine.done || mine.value[key] !== row[key]) {
      tell(`${table} ${row[key]} should not be there`)
      continue
    }
    const columns = Object.keys(row).filter((column) => !isSame(row[column]!, mine.value[column]!))
    if (columns.length > 0) tell(`${table} ${row[key]} differs from a fresh replay in ${columns.join(', ')}`)
    mine = replayed.next()
  }
  for (; !mine.done; mine = replayed.next()) tell(`${table} ${mine.value[key]} is missing`)
  if (count > SHOWN) differing.push(`${count - SHOWN} more rows of ${table} differ; run revenant rebuild`)
  return differing
}

type Row = Record<string, string | bigint | Buffer | null>

function isSame(a: Row[string], b: Row[string]): boolean {
  return a instanceof Buffer && b instanceof Buffer ? a.equals(b) : a === b
}

/** What happened, out of one read model: things of one kind at one place are told one by one, or once with their count. */
import type Database from 'better-sqlite3'
import type { EpisodeVerdict } from '../../../domain/rules.ts'

/** One line of the story. */
export interface Deed {
  /** Device that exports, else the exporter's name. */
  place: string
  /** Null is before the trace, or unknown. */
  ns: bigint | null
  text: string
  /** For single episodes; of many, the text counts verdicts. */
  verdict: EpisodeVerdict | null
  /** False where `ns` only gives the place in the order. */
  timed: boolean
}

type Value = bigint | string | null

/** A row of the read model; integers are BigInt, `ino` and addresses two's complement. */
export type Row = Record<string, Value>

/** Many rows of one kind. */
export interface Many {
  /** The first of them. */
  row: Row
  count: number
  /** Shortest and longest of `DeedKind.span`; null where none has one. */
  least: bigint | null
  most: bigint | null
  /** By name, how many of the rows meet the condition of `DeedKind.tally`. */
  tally: Record<string, number>
}

/** How rows of one read model become lines. Texts of SQL speak of its row as `r` and of its buffer as `b`. */
export interface DeedKind {
  from: string
  place: string
  ns: string
  /** Columns that `one` and `all` read. */
  columns: readonly string[]
  /** Rows that are equal in these are things of one kind. */
  kind: readonly string[]
  span?: string
  tally?: Readonly<Record<string, string>>
  /** A row without an own time is put where `ns` says, and shows no time. */
  timed?: string
  verdict?: boolean
  one(row: Row, ticks: boolean): string
  all(many: Many, ticks: boolean): string
}

/** A third thing of a kind makes one line of all. The group's first and last row are all rows that it can have below that. */
const ONE_BY_ONE = 2
const UNKNOWN_PLACE = 'a device that no event names'

export function withBuffer(table: string): string {
  return `${table} r LEFT JOIN buffer b ON b.capture = r.capture AND b.id = r.buffer`
}

/** The lines of one kind, in no order. SQLite counts, so that a million mappings cost no more than their scan. */
export function readDeeds(sqlite: Database.Database, capture: number, kind: DeedKind, ticks: boolean): Deed[] {
  const { place, ns, span = 'NULL', tally = {} } = kind
  const sums = Object.entries(tally).map(([name, condition]) => `, sum(${condition}) AS "tally ${name}"`)
  const groups = sqlite
    .prepare(
      `SELECT ${place} AS place, count(*) AS count, min(${ns}) AS ns, min(r.id) AS first, max(r.id) AS last,
         min(${span}) AS least, max(${span}) AS most${sums.join('')}
       FROM ${kind.from} WHERE r.capture = ? GROUP BY ${[place, ...kind.kind].join(', ')}`,
    )
    .safeIntegers()
    .all(capture) as Row[]
  const select = sqlite
    .prepare(
      `SELECT ${ns} AS ns, ${kind.timed ?? 'TRUE'} AS timed, ${kind.columns.map((name) => `r.${name}`).join(', ')}
       FROM ${kind.from} WHERE r.capture = ? AND r.id = ?`,
    )
    .safeIntegers()
  return groups.flatMap((group): Deed[] => {
    const at = (group.place as string | null) ?? UNKNOWN_PLACE
    const count = Number(group.count)
    const ids = count === 1 ? [group.first] : [group.first, group.last]
    const rows = (count > ONE_BY_ONE ? ids.slice(0, 1) : ids).map((id) => select.get(capture, id) as Row)
    if (count > ONE_BY_ONE) {
      const many: Many = {
        row: rows[0]!,
        count,
        least: group.least as bigint | null,
        most: group.most as bigint | null,
        tally: Object.fromEntries(Object.keys(tally).map((name) => [name, Number(group[`tally ${name}`])])),
      }
      const timed = rows[0]!.timed === 1n
      return [{ place: at, ns: group.ns as bigint | null, text: kind.all(many, ticks), verdict: null, timed }]
    }
    return rows.map((row) => ({
      place: at,
      ns: row.ns as bigint | null,
      text: kind.one(row, ticks),
      verdict: kind.verdict ? (row.verdict as EpisodeVerdict) : null,
      timed: row.timed === 1n,
    }))
  })
}

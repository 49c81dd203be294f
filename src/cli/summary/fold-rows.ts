/** Of how many times a thing of one kind is still told one by one; more often is told once, with its count. */
const ONE_BY_ONE = 3

/** Things of one kind at one place. */
export interface Fold<T> {
  place: string
  ns: bigint | null
  count: number
  /** The first few; all of them where `count` is small. */
  rows: T[]
  /** What was added up, by name. */
  tally: Map<string, number>
  spread: Spread
}

/** The least and the most of a duration. */
export interface Spread {
  least: bigint | null
  most: bigint | null
}

export interface FoldBy<T> {
  /** What makes two rows the same kind of thing. */
  kind(row: T): string
  span(row: T): bigint | null
  tally(row: T): string[]
}

export const UNKNOWN_PLACE = 'an exporter that no event names'

/** Folds rows into kinds; memory does not grow with the number of rows. */
export function foldRows<T extends { place: string | null; ns: bigint | null }>(
  rows: Iterable<T>,
  by: FoldBy<T>,
): Fold<T>[] {
  const folds = new Map<string, Fold<T>>()
  for (const row of rows) {
    const place = row.place ?? UNKNOWN_PLACE
    const key = `${place}\n${by.kind(row)}`
    let fold = folds.get(key)
    if (fold === undefined) {
      fold = { place, ns: row.ns, count: 0, rows: [], tally: new Map(), spread: { least: null, most: null } }
      folds.set(key, fold)
    }
    fold.count++
    if (fold.rows.length < ONE_BY_ONE) fold.rows.push(row)
    if (row.ns !== null && (fold.ns === null || row.ns < fold.ns)) fold.ns = row.ns
    for (const name of by.tally(row)) fold.tally.set(name, (fold.tally.get(name) ?? 0) + 1)
    widen(fold.spread, by.span(row))
  }
  return [...folds.values()]
}

export function isFolded(fold: Fold<unknown>): boolean {
  return fold.count > fold.rows.length
}

function widen(spread: Spread, span: bigint | null): void {
  if (span === null) return
  if (spread.least === null || span < spread.least) spread.least = span
  if (spread.most === null || span > spread.most) spread.most = span
}

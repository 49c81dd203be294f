import type { Column, ColumnBatch, ColumnData, Validity } from './column.ts'

/** One row of a statement run with `.raw().safeIntegers()`: integers are BigInt. */
export type RawRow = (bigint | string | null)[]

/** Rows in a batch: enough to make the cost of a batch small, few enough that other requests get their turn. */
const BATCH_ROWS = 16_384

/** Turns rows into batches of typed columns; the last batch may be short, and no rows give no batch. */
export function* rowsToColumns(columns: readonly Column[], rows: Iterable<RawRow>): Generator<ColumnBatch> {
  const dictionaries = columns.map((column) => new Dictionary(column.vocabulary ?? []))
  let pending: RawRow[] = []
  for (const row of rows) {
    pending.push(row)
    if (pending.length < BATCH_ROWS) continue
    yield transpose(columns, dictionaries, pending)
    pending = []
  }
  if (pending.length > 0) yield transpose(columns, dictionaries, pending)
}

function transpose(columns: readonly Column[], dictionaries: Dictionary[], rows: RawRow[]): ColumnBatch {
  return { rows: rows.length, columns: columns.map((column, at) => columnData(column, dictionaries[at]!, rows, at)) }
}

function columnData(column: Column, dictionary: Dictionary, rows: RawRow[], at: number): ColumnData {
  const valid = validity(rows, at)
  switch (column.type) {
    case 'int64':
    case 'uint64':
    case 'count': {
      const values = new BigInt64Array(rows.length)
      for (let i = 0; i < rows.length; i++) values[i] = (rows[i]![at] ?? 0n) as bigint
      return { kind: 'wide', values, valid }
    }
    case 'int32': {
      const values = new Int32Array(rows.length)
      for (let i = 0; i < rows.length; i++) values[i] = Number(rows[i]![at] ?? 0)
      return { kind: 'int32', values, valid }
    }
    case 'bool': {
      const values = new Uint8Array(rows.length)
      for (let i = 0; i < rows.length; i++) values[i] = rows[i]![at] ? 1 : 0
      return { kind: 'bool', values, valid }
    }
    case 'dictionary': {
      const values = new Int32Array(rows.length)
      for (let i = 0; i < rows.length; i++) {
        const text = rows[i]![at] as string | null
        if (text !== null) values[i] = dictionary.indexOf(text)
      }
      return { kind: 'dictionary', values, dictionary: dictionary.values, valid }
    }
    case 'utf8':
      return { kind: 'utf8', ...utf8(rows.map((row) => (row[at] ?? '') as string)), valid }
    case 'int64-list':
      return { kind: 'list', ...lists(rows.map((row) => (row[at] ?? '[]') as string)), valid }
  }
}

function validity(rows: RawRow[], at: number): Validity {
  let valid: Validity = null
  for (let i = 0; i < rows.length; i++) {
    if (rows[i]![at] !== null) continue
    valid ??= new Uint8Array((rows.length + 7) >> 3).fill(0xff)
    valid[i >> 3]! &= ~(1 << (i & 7))
  }
  return valid
}

function utf8(texts: string[]): { offsets: Int32Array; bytes: Uint8Array } {
  const offsets = new Int32Array(texts.length + 1)
  for (let i = 0; i < texts.length; i++) offsets[i + 1] = offsets[i]! + Buffer.byteLength(texts[i]!)
  const bytes = Buffer.allocUnsafe(offsets[texts.length]!)
  for (let i = 0; i < texts.length; i++) bytes.write(texts[i]!, offsets[i]!)
  return { offsets, bytes }
}

/** Lists are stored as JSON arrays of integers. */
function lists(texts: string[]): { offsets: Int32Array; values: BigInt64Array } {
  const offsets = new Int32Array(texts.length + 1)
  const values: bigint[] = []
  for (let i = 0; i < texts.length; i++) {
    for (const digits of texts[i]!.match(/-?\d+/g) ?? []) values.push(BigInt(digits))
    offsets[i + 1] = values.length
  }
  return { offsets, values: BigInt64Array.from(values) }
}

class Dictionary {
  readonly values: string[]
  readonly #index = new Map<string, number>()

  constructor(vocabulary: readonly string[]) {
    this.values = [...vocabulary]
    for (const [i, text] of vocabulary.entries()) this.#index.set(text, i)
  }

  indexOf(text: string): number {
    let index = this.#index.get(text)
    if (index === undefined) {
      index = this.values.push(text) - 1
      this.#index.set(text, index)
    }
    return index
  }
}

/** Columns of a named query, and the batches of typed arrays that carry their values. */

/**
 * - `int64`, `uint64`: 64-bit integers; decimal strings in JSON and CSV.
 * - `count`: a 64-bit integer in Arrow, a number in JSON.
 * - `int32`: a number everywhere.
 * - `dictionary`: text of which few values are different; `vocabulary` names those known beforehand.
 * - `int64-list`: a list of `int64`.
 */
export type ColumnType = 'int64' | 'uint64' | 'count' | 'int32' | 'bool' | 'utf8' | 'dictionary' | 'int64-list'

export interface Column {
  name: string
  type: ColumnType
  doc: string
  nullable: boolean
  vocabulary?: readonly string[]
}

/** Bit `i & 7` of byte `i >> 3` is set where row i has a value (Arrow's validity bitmap); null where all rows have one. */
export type Validity = Uint8Array | null

/** One column of one batch. `wide` carries `int64`, `uint64` (as two's complement) and `count`. */
export type ColumnData =
  | { kind: 'wide'; values: BigInt64Array; valid: Validity }
  | { kind: 'int32'; values: Int32Array; valid: Validity }
  /** One byte a row, 0 or 1. */
  | { kind: 'bool'; values: Uint8Array; valid: Validity }
  /** UTF-8; row i is `bytes[offsets[i]…offsets[i + 1])`. */
  | { kind: 'utf8'; offsets: Int32Array; bytes: Uint8Array; valid: Validity }
  /** Indices into `dictionary`, which is the same array in every batch of a result and only ever grows. */
  | { kind: 'dictionary'; values: Int32Array; dictionary: readonly string[]; valid: Validity }
  | { kind: 'list'; offsets: Int32Array; values: BigInt64Array; valid: Validity }

export interface ColumnBatch {
  rows: number
  /** In the order of the query's columns. */
  columns: ColumnData[]
}

export function isValid(valid: Validity, row: number): boolean {
  return valid === null || (valid[row >> 3]! & (1 << (row & 7))) !== 0
}

/** The values of a `uint64` column: the same bytes, without a sign. */
export function asUnsigned(values: BigInt64Array): BigUint64Array {
  return new BigUint64Array(values.buffer, values.byteOffset, values.length)
}

/** Columns of a query in its words: `column('ino', 'uint64', '…')`; `null` as fourth says that it may be unknown. */
export function column(name: string, type: ColumnType, doc: string, nullable?: null): Column {
  return { name, type, doc, nullable: nullable === null }
}

/** A column whose values are of a known set. */
export function choice(name: string, vocabulary: readonly string[], doc: string, nullable?: null): Column {
  return { name, type: 'dictionary', doc, nullable: nullable === null, vocabulary }
}

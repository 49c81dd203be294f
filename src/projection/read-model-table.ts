import type { Changes, FindingRow } from '../domain/read-model.ts'
import type { Schema } from '../log/schema.ts'

/** What SQLite is given for a field. */
export type Value = string | number | bigint | null

/** What only the store knows when a row is written. */
export interface RowContext {
  findingName(row: FindingRow): string
  /** Position in the log of an event of the fold. */
  position(seq: number): number
}

/** One read model: its columns behind `capture`, and a row's values for them. */
export interface ReadModel<Row> {
  name: keyof Schema
  from: keyof Changes
  columns: readonly string[]
  values(row: Row, context: RowContext): Value[]
}

/** Unsigned 64 bits as SQLite's signed ones. */
export const signed = (value: bigint | null): bigint | null => (value === null ? null : BigInt.asIntN(64, value))
export const flag = (value: boolean | null): number | null => (value === null ? null : value ? 1 : 0)

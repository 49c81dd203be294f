/** What a named query is. `index.ts` lists them all; the command line, HTTP and the docs read that list. */
import type Database from 'better-sqlite3'
import type { CompiledQuery, Kysely } from 'kysely'
import type { z } from 'zod'
import type { Schema } from '../src/log/schema.ts'
import type { Column, ColumnBatch } from './column.ts'

/** Parameters by name; each schema takes the text that a user gave and describes itself (`.describe()`). */
export type ParameterShape = Record<string, z.ZodType>

interface QueryOf<Params> {
  name: string
  /** One line. */
  summary: string
  parameters: ParameterShape
  /** In the order of the contract; stable names, more may follow at the end. */
  columns: readonly Column[]
  /** Parameters of an example call, as a user would give them. */
  example: Readonly<Record<string, string>>
  source: RowSource<Params> | ColumnSource<Params>
}

/** One SQL statement; its result columns are the query's, in order. */
export interface RowSource<Params> {
  kind: 'sql'
  select(db: Kysely<Schema>, params: Params): { compile(): CompiledQuery }
}

/** Batches read from the log's segments. `db` is inside a read transaction while the iteration lasts. */
export interface ColumnSource<Params> {
  kind: 'columns'
  read(db: Database.Database, params: Params): Iterable<ColumnBatch>
}

export type Query = QueryOf<never>

type Parsed<Shape extends ParameterShape> = { [Name in keyof Shape]: z.output<Shape[Name]> }

/** Checks a query's definition against its parameters' types. */
export function defineQuery<const Shape extends ParameterShape>(
  query: QueryOf<Parsed<Shape>> & { parameters: Shape },
): Query {
  return query as unknown as Query
}

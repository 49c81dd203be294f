import { type Kysely, sql } from 'kysely'

/** How many lines of which events were ignored, as a JSON object; empty for captures from before it was counted. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE capture ADD COLUMN ignored_names TEXT NOT NULL DEFAULT '{}'`.execute(db)
}

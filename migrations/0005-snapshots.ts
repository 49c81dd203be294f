import { type Kysely, sql } from 'kysely'

/**
 * What the fold knew after so many events of a capture: everything, put away so that a later question need not begin at
 * the first event. Like read models, snapshots can be dropped and made again.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE TABLE snapshot (
    capture INTEGER NOT NULL, seq INTEGER NOT NULL, ts_ns INTEGER NOT NULL, version TEXT NOT NULL, state BLOB NOT NULL,
    PRIMARY KEY (capture, seq)) STRICT`.execute(db)
}

import { type Kysely, sql } from 'kysely'

/**
 * A capture that is followed from its first lines on has less than the 64 KiB that name it until its end: until they are
 * there, its head digest is that of what was committed, and grows with it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`DROP TRIGGER capture_only_grows`.execute(db)
  await sql`
    CREATE TRIGGER capture_only_grows BEFORE UPDATE ON capture
    WHEN NEW.capture <> OLD.capture OR (NEW.head_digest <> OLD.head_digest AND OLD.bytes >= 65536)
      OR NEW.options <> OLD.options OR NEW.bytes < OLD.bytes OR NEW.lines < OLD.lines OR NEW.events < OLD.events
    BEGIN SELECT RAISE(ABORT, 'the log is append-only: a capture keeps its beginning and only grows'); END`.execute(db)
}

import { type Kysely, sql } from 'kysely'

/**
 * The log: captures, their dictionary, and their lines in segments. A segment holds consecutive lines of one capture:
 * every byte of them (`text`, zstd) and the columns of their events (`columns`, zstd; see src/log/segment-codec.ts).
 * Segments are append-only and follow each other without a hole, which triggers hold.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE capture (
      capture INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      digest TEXT UNIQUE,
      head_digest TEXT NOT NULL,
      prefix_digest TEXT NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('reading', 'complete')),
      options TEXT NOT NULL,
      format TEXT,
      clock TEXT,
      ticks INTEGER NOT NULL DEFAULT 0,
      host TEXT,
      boot_id TEXT,
      kernel TEXT,
      parser TEXT NOT NULL,
      bytes INTEGER NOT NULL DEFAULT 0,
      lines INTEGER NOT NULL DEFAULT 0,
      events INTEGER NOT NULL DEFAULT 0,
      ignored INTEGER NOT NULL DEFAULT 0,
      malformed INTEGER NOT NULL DEFAULT 0,
      structural INTEGER NOT NULL DEFAULT 0,
      lost INTEGER NOT NULL DEFAULT 0,
      ordered INTEGER NOT NULL DEFAULT 1,
      first_ns INTEGER,
      last_ns INTEGER,
      CHECK (lines = events + ignored + malformed + structural)
    ) STRICT`.execute(db)
  await sql`
    CREATE TABLE string (
      capture INTEGER NOT NULL REFERENCES capture,
      id INTEGER NOT NULL,
      text TEXT NOT NULL,
      PRIMARY KEY (capture, id)
    ) STRICT, WITHOUT ROWID`.execute(db)
  await sql`
    CREATE TABLE segment (
      first_position INTEGER PRIMARY KEY,
      capture INTEGER NOT NULL REFERENCES capture,
      number INTEGER NOT NULL,
      first_seq INTEGER NOT NULL,
      events INTEGER NOT NULL,
      first_line INTEGER NOT NULL,
      lines INTEGER NOT NULL,
      first_byte INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      first_ns INTEGER,
      last_ns INTEGER,
      notes TEXT NOT NULL,
      columns BLOB NOT NULL,
      text BLOB NOT NULL,
      checksum TEXT NOT NULL,
      UNIQUE (capture, number)
    ) STRICT`.execute(db)
  for (const table of ['segment', 'string']) {
    for (const change of ['UPDATE', 'DELETE']) {
      await sql`
        CREATE TRIGGER ${sql.raw(`${table}_no_${change.toLowerCase()}`)} BEFORE ${sql.raw(change)} ON ${sql.table(table)}
        BEGIN SELECT RAISE(ABORT, ${sql.lit(`the log is append-only: ${table} rows are never changed or removed`)}); END`.execute(db)
    }
  }
  await sql`
    CREATE TRIGGER segment_contiguous BEFORE INSERT ON segment
    WHEN NEW.first_seq <> COALESCE((SELECT MAX(first_seq + events) FROM segment WHERE capture = NEW.capture), 0)
      OR NEW.number <> COALESCE((SELECT MAX(number) + 1 FROM segment WHERE capture = NEW.capture), 0)
      OR NEW.first_line <> COALESCE((SELECT MAX(first_line + lines) FROM segment WHERE capture = NEW.capture), 1)
      OR NEW.first_byte <> COALESCE((SELECT MAX(first_byte + bytes) FROM segment WHERE capture = NEW.capture), 0)
    BEGIN SELECT RAISE(ABORT, 'another writer appended to this capture: a segment must follow the one before it'); END`.execute(db)
  await sql`CREATE TRIGGER capture_complete_stays BEFORE UPDATE ON capture
    WHEN OLD.status = 'complete'
    BEGIN SELECT RAISE(ABORT, 'the log is append-only: a complete capture is never changed'); END`.execute(db)
  await sql`CREATE TRIGGER capture_no_delete BEFORE DELETE ON capture
    BEGIN SELECT RAISE(ABORT, 'the log is append-only: captures are never removed'); END`.execute(db)
}

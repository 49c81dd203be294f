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
      writer TEXT,
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
      segment INTEGER PRIMARY KEY,
      first_position INTEGER NOT NULL,
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
  await sql`CREATE INDEX segment_position ON segment (first_position)`.execute(db)
  for (const table of ['segment', 'string']) {
    for (const change of ['UPDATE', 'DELETE']) {
      await refuse(
        db,
        `${table}_no_${change.toLowerCase()}`,
        `BEFORE ${change} ON ${table}`,
        `the log is append-only: ${table} rows are never changed or removed`,
      )
    }
    await refuse(
      db,
      `${table}_not_after_complete`,
      `BEFORE INSERT ON ${table} WHEN (SELECT status FROM capture WHERE capture = NEW.capture) = 'complete'`,
      'the log is append-only: nothing is added to a complete capture',
    )
  }
  // Holds against INSERT OR REPLACE too, which removes rows without firing DELETE triggers unless a pragma asks for it.
  await refuse(
    db,
    'segment_contiguous',
    `BEFORE INSERT ON segment
    WHEN EXISTS (SELECT 1 FROM segment WHERE segment = NEW.segment)
      OR EXISTS (SELECT 1 FROM segment WHERE capture = NEW.capture AND number >= NEW.number)
      OR NEW.first_position <>
        COALESCE((SELECT first_position + events FROM segment ORDER BY segment DESC LIMIT 1), 1)
      OR CASE WHEN NEW.number = 0
        THEN NEW.first_seq <> 0 OR NEW.first_line <> 1 OR NEW.first_byte <> 0
        ELSE NOT EXISTS (SELECT 1 FROM segment WHERE capture = NEW.capture AND number = NEW.number - 1
          AND first_seq + events = NEW.first_seq AND first_line + lines = NEW.first_line
          AND first_byte + bytes = NEW.first_byte) END`,
    'another writer appended to this capture: a segment must follow the one before it',
  )
  await refuse(
    db,
    'string_contiguous',
    `BEFORE INSERT ON string
    WHEN NEW.id <> COALESCE((SELECT MAX(id) + 1 FROM string WHERE capture = NEW.capture), 0)`,
    'another writer appended to this capture: a string must follow the one before it',
  )
  await refuse(
    db,
    'capture_complete_stays',
    `BEFORE UPDATE ON capture WHEN OLD.status = 'complete'`,
    'the log is append-only: a complete capture is never changed',
  )
  await refuse(
    db,
    'capture_only_grows',
    `BEFORE UPDATE ON capture
    WHEN NEW.capture <> OLD.capture OR NEW.head_digest <> OLD.head_digest OR NEW.options <> OLD.options
      OR NEW.bytes < OLD.bytes OR NEW.lines < OLD.lines OR NEW.events < OLD.events`,
    'the log is append-only: a capture keeps its beginning and only grows',
  )
  await refuse(
    db,
    'capture_no_replace',
    `BEFORE INSERT ON capture
    WHEN EXISTS (SELECT 1 FROM capture WHERE capture = NEW.capture OR digest = NEW.digest)`,
    'the log is append-only: this capture is already in it',
  )
  await refuse(
    db,
    'capture_no_delete',
    'BEFORE DELETE ON capture',
    'the log is append-only: captures are never removed',
  )
}

/** A trigger that ends the statement with `words`. */
async function refuse(db: Kysely<unknown>, name: string, when: string, words: string): Promise<void> {
  await sql`CREATE TRIGGER ${sql.raw(`${name} ${when}`)} BEGIN SELECT RAISE(ABORT, ${sql.lit(words)}); END`.execute(db)
}

import { type Kysely, sql } from 'kysely'

/**
 * Read models: what the fold made of the log. All of it can be dropped and made again (`rebuild`). Unsigned 64-bit
 * values (`ino`, `iova`, `length`, `size`) are stored as their two's complement; pointers as `0x…` text.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE TABLE checkpoint (
    capture INTEGER PRIMARY KEY REFERENCES capture,
    version TEXT NOT NULL,
    seq INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    tier TEXT
  ) STRICT`.execute(db)
  await sql`CREATE TABLE device (capture INTEGER NOT NULL, id INTEGER NOT NULL, name TEXT NOT NULL,
    PRIMARY KEY (capture, id)) STRICT, WITHOUT ROWID`.execute(db)
  await sql`CREATE TABLE meaning (capture INTEGER NOT NULL, first_seq INTEGER NOT NULL, events INTEGER NOT NULL,
    columns BLOB NOT NULL, PRIMARY KEY (capture, first_seq)) STRICT`.execute(db)
  await sql`CREATE TABLE buffer (
    capture INTEGER NOT NULL, id INTEGER NOT NULL, ino INTEGER, exporter TEXT, exporter_device TEXT, size INTEGER,
    state TEXT NOT NULL, exported_ns INTEGER, released_ns INTEGER, revocations INTEGER NOT NULL,
    attachments INTEGER NOT NULL, mappings INTEGER NOT NULL, findings INTEGER NOT NULL,
    PRIMARY KEY (capture, id)) STRICT, WITHOUT ROWID`.execute(db)
  await sql`CREATE TABLE attachment (
    capture INTEGER NOT NULL, id INTEGER NOT NULL, buffer INTEGER, ino INTEGER, attachment TEXT, importer_device TEXT,
    class TEXT NOT NULL, deferred INTEGER, callback TEXT, p2p INTEGER, basis TEXT NOT NULL,
    attached_ns INTEGER, detached_ns INTEGER, refused_errno INTEGER, pinned INTEGER, invalidations INTEGER NOT NULL,
    PRIMARY KEY (capture, id)) STRICT, WITHOUT ROWID`.execute(db)
  await sql`CREATE TABLE mapping (
    capture INTEGER NOT NULL, id INTEGER NOT NULL, buffer INTEGER, attachment_id INTEGER, ino INTEGER, attachment TEXT,
    importer_device TEXT, direction TEXT, iova INTEGER, length INTEGER, mapped_ns INTEGER, unmapped_ns INTEGER,
    unmapped_comm TEXT, unmapped_pid INTEGER, ended_by TEXT, live_at_reset INTEGER NOT NULL, unmap_latency_ns INTEGER,
    PRIMARY KEY (capture, id)) STRICT, WITHOUT ROWID`.execute(db)
  await sql`CREATE TABLE revocation (
    capture INTEGER NOT NULL, id INTEGER NOT NULL, buffer INTEGER NOT NULL, ino INTEGER, exporter_device TEXT,
    cause TEXT NOT NULL, requested_ns INTEGER NOT NULL, notified_ns INTEGER, fences_ns INTEGER, unmapped_ns INTEGER,
    completed_ns INTEGER, restored_ns INTEGER, permanent INTEGER NOT NULL, slowest_importer TEXT, blocked_ns INTEGER,
    verdict TEXT NOT NULL, PRIMARY KEY (capture, id)) STRICT, WITHOUT ROWID`.execute(db)
  await sql`CREATE TABLE reset (
    capture INTEGER NOT NULL, id INTEGER NOT NULL, device TEXT, method TEXT NOT NULL, "trigger" TEXT NOT NULL,
    started_ns INTEGER NOT NULL, finished_ns INTEGER, result TEXT, buffers INTEGER NOT NULL,
    mappings_live INTEGER NOT NULL, verdict TEXT NOT NULL, PRIMARY KEY (capture, id)) STRICT, WITHOUT ROWID`.execute(db)
  await sql`CREATE TABLE gap (
    capture INTEGER NOT NULL, id INTEGER NOT NULL, cpu INTEGER, from_ns INTEGER, to_ns INTEGER, lost INTEGER,
    reason TEXT NOT NULL, PRIMARY KEY (capture, id)) STRICT, WITHOUT ROWID`.execute(db)
  await sql`CREATE TABLE finding (
    capture INTEGER NOT NULL, id INTEGER NOT NULL, finding TEXT NOT NULL, rule TEXT NOT NULL, severity TEXT NOT NULL,
    verdict TEXT NOT NULL, ts_ns INTEGER, ino INTEGER, exporter TEXT, exporter_device TEXT, importer_device TEXT,
    importer_class TEXT, attachment TEXT, iova INTEGER, comm TEXT, pid INTEGER, summary TEXT NOT NULL,
    evidence TEXT NOT NULL, missing TEXT, PRIMARY KEY (capture, id)) STRICT, WITHOUT ROWID`.execute(db)
  await sql`CREATE INDEX finding_name ON finding (finding)`.execute(db)
  await sql`CREATE INDEX buffer_ino ON buffer (ino)`.execute(db)
}

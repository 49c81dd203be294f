import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LogConnection, openWriter } from '../../src/log/connection.ts'
import { ingestCapture } from '../../src/projection/ingest-capture.ts'
import { dump, kernelReader, requestFor, traceText } from '../projection/trace.ts'

let dir: string
let db: LogConnection
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'revenant-'))
  db = await openWriter(join(dir, 'log.db'))
  await ingestCapture(requestFor(db, traceText({ events: 300 })))
  const stop = new AbortController()
  const long = traceText({ events: 3000, seed: 9 })
  const request = requestFor(db, long, {
    signal: stop.signal,
    onProgress: () => stop.abort(),
    read: kernelReader(1500),
  })
  await ingestCapture(request)
})
afterAll(() => {
  db.close()
  rmSync(dir, { recursive: true, force: true })
})

const SEGMENT =
  'first_position, capture, number, first_seq, events, first_line, lines, first_byte, bytes, notes, columns, text, checksum'
/** Capture 2 is unfinished: it is the one that may grow. */
const last = `FROM segment WHERE capture = 2 ORDER BY number DESC LIMIT 1`
const end = `(SELECT MAX(first_position + events) FROM segment)`

describe('the log refuses', () => {
  test.each([
    ['a changed segment', 'UPDATE segment SET notes = notes', /never changed/],
    ['a removed segment', 'DELETE FROM segment WHERE segment = 1', /never changed/],
    ['a changed string', `UPDATE string SET text = 'x'`, /never changed/],
    ['a removed string', 'DELETE FROM string', /never changed/],
    ['a replaced string', `REPLACE INTO string VALUES (2, 0, 'x')`, /must follow/],
    ['a string out of turn', `INSERT INTO string VALUES (2, 1000, 'x')`, /must follow/],
    ['a changed complete capture', `UPDATE capture SET name = 'x' WHERE capture = 1`, /complete capture/],
    ['a complete capture reopened', `UPDATE capture SET status = 'reading' WHERE capture = 1`, /complete capture/],
    ['a removed capture', 'DELETE FROM capture WHERE capture = 2', /never removed/],
    ['a shrunken capture', 'UPDATE capture SET bytes = bytes - 1 WHERE capture = 2', /only grows/],
    ['a capture with another beginning', `UPDATE capture SET head_digest = 'x' WHERE capture = 2`, /only grows/],
    ['a string in a complete capture', `INSERT INTO string VALUES (1, 1000, 'x')`, /nothing is added|must follow/],
    ['a replaced capture', `REPLACE INTO capture SELECT * FROM capture WHERE capture = 2`, /already in it/],
    ['a replaced segment', `REPLACE INTO segment SELECT * ${last}`, /must follow/],
    ['a doubled segment', `INSERT INTO segment (${SEGMENT}) SELECT ${SEGMENT} ${last}`, /must follow/],
    [
      'a segment after a hole',
      `INSERT INTO segment (${SEGMENT}) SELECT ${end}, capture, number + 2, first_seq + events, 1, first_line + lines, 1, first_byte + bytes, 1, '[]', x'', x'', '' ${last}`,
      /must follow/,
    ],
    [
      'a segment that overlaps the one before it',
      `INSERT INTO segment (${SEGMENT}) SELECT ${end}, capture, number + 1, first_seq, 1, first_line + lines, 1, first_byte + bytes, 1, '[]', x'', x'', '' ${last}`,
      /must follow/,
    ],
    [
      'a segment whose positions are taken',
      `INSERT INTO segment (${SEGMENT}) SELECT ${end} - 1, capture, number + 1, first_seq + events, 1, first_line + lines, 1, first_byte + bytes, 1, '[]', x'', x'', '' ${last}`,
      /must follow/,
    ],
    [
      'a segment in a complete capture',
      `INSERT INTO segment (${SEGMENT}) SELECT ${end}, capture, number + 1, first_seq + events, 1, first_line + lines, 1, first_byte + bytes, 1, '[]', x'', x'', '' FROM segment WHERE capture = 1 ORDER BY number DESC LIMIT 1`,
      /complete capture/,
    ],
    ['counts that do not add up', 'UPDATE capture SET lines = lines + 1 WHERE capture = 2', /CHECK/],
  ])('%s', (_, statement, words) => {
    const before = dump(db)
    expect(() => db.sqlite.exec(statement)).toThrow(words)
    expect(dump(db)).toEqual(before)
  })

  test('nothing that follows in order', () => {
    db.sqlite.exec('BEGIN')
    const follows = `INSERT INTO segment (${SEGMENT}) SELECT ${end}, capture, number + 1, first_seq + events, 1, first_line + lines, 1, first_byte + bytes, 1, '[]', x'', x'', '' ${last}`
    expect(db.sqlite.prepare(follows).run().changes).toBe(1)
    db.sqlite.exec('ROLLBACK')
  })
})

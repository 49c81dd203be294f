import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type LogConnection, openReader, openWriter } from '../../src/log/connection.ts'
import { ingestCapture } from '../../src/projection/ingest-capture.ts'
import { rebuild } from '../../src/projection/rebuild.ts'
import { verify } from '../../src/projection/verify.ts'
import { createFakeFold } from './fake-fold.ts'
import { dump, kernelReader, requestFor, traceText } from './trace.ts'

let dir: string
let db: LogConnection
const fake = { createFold: createFakeFold, version: 'fake' }
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'revenant-'))
  db = await openWriter(join(dir, 'log.db'))
  await ingestCapture(requestFor(db, traceText({ events: 1000 })))
  await ingestCapture(requestFor(db, traceText({ events: 700, seed: 3, backwards: 120 })))
  const stop = new AbortController()
  const unfinished = traceText({ events: 3000, seed: 9 })
  await ingestCapture(
    requestFor(db, unfinished, { signal: stop.signal, onProgress: () => stop.abort(), read: kernelReader(500) }),
  )
})
afterEach(() => {
  db.close()
  rmSync(dir, { recursive: true, force: true })
})

describe('verify', () => {
  test('has nothing to say of a sound database, an unfinished capture included', () => {
    expect(db.sqlite.prepare('SELECT status, ordered FROM capture').all()).toEqual([
      { status: 'complete', ordered: 1 },
      { status: 'complete', ordered: 0 },
      { status: 'reading', ordered: 1 },
    ])
    const reader = openReader(db.path)
    expect(verify(reader, fake)).toEqual([])
    reader.close()
  })

  test.each([
    ['UPDATE mapping SET iova = 1 WHERE capture = 1 AND id = 5', /mapping 5 differs.*iova/],
    [`DELETE FROM finding WHERE capture = 2 AND id = 3`, /finding 3 is missing/],
    [`INSERT INTO device VALUES (1, 99, 'x')`, /device 99 should not be there/],
    [`UPDATE meaning SET columns = x'00' WHERE capture = 1`, /meaning 0 differs.*columns/],
    [`UPDATE checkpoint SET tier = 'T3' WHERE capture = 3`, /checkpoint 3 differs.*tier/],
    [`UPDATE checkpoint SET version = 'old' WHERE capture = 1`, /of version old.*rebuild/],
    [`DELETE FROM checkpoint WHERE capture = 1`, /never made/],
  ])('finds read models that a replay does not give: %s', (statement, words) => {
    db.sqlite.exec(statement)
    const problems = verify(db, fake)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems[0]).toMatchObject({ code: 'read-models', message: expect.stringMatching(words) })
    rebuild(db, fake)
    expect(verify(db, fake)).toEqual([])
  })

  test.each([
    [
      'segment_no_update',
      `UPDATE segment SET text = (SELECT text FROM segment WHERE segment = 2) WHERE segment = 1`,
      'segment',
    ],
    ['segment_no_update', 'UPDATE segment SET last_ns = last_ns + 1 WHERE segment = 1', 'segment'],
    ['segment_no_update', 'UPDATE segment SET first_seq = first_seq + 1 WHERE segment = 2', 'segment'],
    ['segment_no_delete', 'DELETE FROM segment WHERE segment = 3', 'segment'],
    ['string_no_delete', 'DELETE FROM string WHERE capture = 1 AND id = 20', 'segment'],
    ['capture_complete_stays', `UPDATE capture SET events = events + 1, lines = lines + 1 WHERE capture = 1`, 'counts'],
    ['capture_complete_stays', `UPDATE capture SET digest = 'x' WHERE capture = 1`, 'digest'],
    ['string_contiguous', `INSERT INTO string VALUES (3, 1000, 'x')`, 'dictionary'],
  ])('finds a log changed behind the trigger %s: %s', (trigger, statement, code) => {
    db.sqlite.exec(`DROP TRIGGER ${trigger}; ${statement}`)
    expect(verify(db, fake).map((problem) => problem.code)).toContain(code)
  })

  test('finds a byte flipped in the file', () => {
    db.sqlite.pragma('wal_checkpoint(TRUNCATE)')
    const text = db.sqlite.prepare('SELECT text FROM segment WHERE segment = 4').pluck().get() as Buffer
    db.close()
    const file = readFileSync(db.path)
    const at = file.indexOf(text.subarray(100, 400))
    expect(at).toBeGreaterThan(0)
    file[at + 50]! ^= 0x10
    writeFileSync(db.path, file)
    db = openReader(db.path)
    expect(verify(db, fake)).toMatchObject([
      { code: 'segment', capture: 1, message: expect.stringMatching(/segment 3 .*checksum/) },
    ])
  })
})

describe('rebuild', () => {
  test('gives the same, byte for byte, however often', () => {
    const before = dump(db)
    expect(rebuild(db, fake)).toBe(3)
    expect(dump(db)).toEqual(before)
    rebuild(db, fake)
    expect(dump(db)).toEqual(before)
  })

  test('of one capture leaves the others alone', () => {
    const before = dump(db)
    db.sqlite.exec('UPDATE mapping SET iova = 1')
    expect(rebuild(db, { ...fake, capture: 1 })).toBe(1)
    const iovas = db.sqlite.prepare('SELECT DISTINCT capture, iova FROM mapping ORDER BY 1').all()
    expect(iovas).toEqual([
      { capture: 1, iova: -65536 },
      { capture: 2, iova: 1 },
      { capture: 3, iova: 1 },
    ])
    rebuild(db, fake)
    expect(dump(db)).toEqual(before)
  })

  test('shows readers the old rows until it is done, and leaves them where it fails', () => {
    const before = dump(db)
    const reader = openReader(db.path)
    let fed = 0
    const failing = () => {
      const fold = createFakeFold()
      const feed: typeof fold.feed = (batch, seq) => {
        if (++fed === 9) {
          expect(reader.sqlite.prepare('SELECT count(*) FROM finding').pluck().get()).toBe(before.finding!.length)
          throw new Error('a bug in a rule')
        }
        return fold.feed(batch, seq)
      }
      return { ...fold, feed }
    }
    expect(() => rebuild(db, { createFold: failing, version: 'fake' })).toThrow('a bug in a rule')
    expect(dump(db)).toEqual(before)
    reader.close()
  })
})

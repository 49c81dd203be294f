import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type LogConnection, openReader, openWriter } from '../../src/log/connection.ts'
import { eventsAt, linesAt } from '../../src/log/read-log.ts'
import type { FoldOptions } from '../../src/projection/fold.ts'
import { ingestCapture } from '../../src/projection/ingest-capture.ts'
import { createFakeFold } from './fake-fold.ts'
import { contentOf, dump, kernelReader, requestFor, traceText } from './trace.ts'

let dir: string
let db: LogConnection
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'revenant-'))
  db = await openWriter(join(dir, 'log.db'))
})
afterEach(() => {
  db.close()
  rmSync(dir, { recursive: true, force: true })
})

const text = traceText({ events: 1000 })

describe('ingest', () => {
  test('keeps every line, counts them, and writes what the fold made of them', async () => {
    const { capture, duplicate, interrupted } = await ingestCapture(requestFor(db, text))
    expect({ duplicate, interrupted }).toEqual({ duplicate: false, interrupted: false })
    expect(capture).toMatchObject({
      complete: true,
      bytes: text.length,
      events: 1000,
      malformed: 0,
      structural: 13,
      lines: 1013,
      ordered: true,
      firstNs: 10_000_000_000n,
      lastNs: 10_012_987_000n,
      writer: null,
      parser: null,
    })
    const lostByMarkers = [50, 147, 244, 341, 438, 535, 632, 729, 826, 923].reduce((a, b) => a + b)
    expect(capture!.lost).toBe(BigInt(7 + lostByMarkers))
    const { segment, finding, mapping, meaning, checkpoint, device } = dump(db)
    expect(segment).toHaveLength(11)
    expect(mapping).toHaveLength(334)
    expect(device).toHaveLength(17)
    expect(meaning!.reduce((sum: bigint, row) => sum + (row as { events: bigint }).events, 0n)).toBe(1000n)
    expect(checkpoint).toEqual([{ capture: 1n, version: 'fake', seq: 1000n, finished: 1n, tier: 'T1' }])
    expect(finding!.at(-1)).toMatchObject({ evidence: '[1,1000]' })
  })

  test('quotes the lines and events that a finding rests on', async () => {
    await ingestCapture(requestFor(db, traceText({ events: 300, seed: 5 })))
    const { capture } = await ingestCapture(requestFor(db, text))
    const [finding] = db.sqlite.prepare(`SELECT * FROM finding WHERE capture = 2 ORDER BY id`).all() as {
      evidence: string
    }[]
    const [event] = eventsAt(db.sqlite, JSON.parse(finding!.evidence))
    expect(event).toEqual({
      position: 308,
      capture: 2,
      seq: 7,
      line: 11,
      ts: 10_000_091_000n,
      cpu: 3,
      comm: 'task 7',
      pid: 107,
      tgid: null,
      name: 'bad',
      payload: 'ino=7 seed=0 é',
    })
    const lines = text.toString().split('\n')
    const wanted = [1, 11, 100, 101, 1013, 5000]
    expect(linesAt(db.sqlite, capture!.capture, wanted)).toEqual(
      new Map(wanted.slice(0, 5).map((line) => [line, lines[line - 1]])),
    )
  })

  test('of the same content a second time appends nothing, under any name', async () => {
    await ingestCapture(requestFor(db, text))
    const before = dump(db)
    for (const content of [contentOf(text), contentOf(text, 'other'), contentOf(text, '-', false)]) {
      const { duplicate, capture } = await ingestCapture(requestFor(db, text, { content }))
      expect({ duplicate, capture: capture!.capture }).toEqual({ duplicate: true, capture: 1 })
    }
    expect(dump(db)).toEqual(before)
  })

  test('tells contents apart that begin alike', async () => {
    const longer = traceText({ events: 3000 })
    const cut = longer.subarray(0, 90_000)
    await ingestCapture(requestFor(db, longer))
    await ingestCapture(requestFor(db, cut, { content: contentOf(cut, '-', false) }))
    const rows = db.sqlite.prepare('SELECT head_digest, digest FROM capture').all() as {
      head_digest: string
      digest: string
    }[]
    expect(rows[0]!.head_digest).toBe(rows[1]!.head_digest)
    expect(rows[0]!.digest).not.toBe(rows[1]!.digest)
    const names = db.sqlite.prepare('SELECT finding FROM finding').pluck().all()
    expect(new Set(names).size).toBe(names.length)
  })

  test('a short trace is one transaction', async () => {
    const versions: number[] = []
    const reader = openReader(db.path)
    const before = reader.sqlite.pragma('data_version', { simple: true })
    await ingestCapture(
      requestFor(db, traceText({ events: 20 }), { onProgress: ({ events }) => versions.push(events) }),
    )
    expect(versions).toEqual([20])
    expect(reader.sqlite.pragma('data_version', { simple: true })).not.toBe(before)
    reader.close()
  })

  test('stopped by its signal keeps what was committed and goes on there', async () => {
    await ingestCapture(requestFor(db, text))
    const whole = dump(db)
    const other = await openWriter(join(dir, 'other.db'))
    const runs = []
    for (;;) {
      const stop = new AbortController()
      const onProgress = () => stop.abort()
      const run = await ingestCapture(requestFor(other, text, { signal: stop.signal, onProgress }))
      runs.push(run.resumedAt)
      expect(run.capture!.writer).toBe(null)
      if (!run.interrupted) break
    }
    expect(runs.length).toBeGreaterThan(8)
    expect(runs).toEqual([...runs].sort((a, b) => a - b))
    expect(dump(other)).toEqual(whole)
    other.close()
  })

  test('an interrupted ingest does not go on in another content, nor with other options', async () => {
    const stop = new AbortController()
    const long = traceText({ events: 3000 })
    await ingestCapture(
      requestFor(db, long, { signal: stop.signal, onProgress: () => stop.abort(), read: kernelReader(2000) }),
    )
    await expect(ingestCapture(requestFor(db, long, { options: { clock: 'mono' } }))).rejects.toMatchObject({
      code: 'capture-changed',
    })
    const changed = Buffer.from(long)
    changed.write('X', 100_000)
    const { capture, resumedAt } = await ingestCapture(requestFor(db, changed))
    expect(capture).toMatchObject({ capture: 2, complete: true, bytes: long.length })
    expect(resumedAt).toBe(0)
  })

  test('a second one of the same capture is told so and changes nothing', async () => {
    let second: Promise<unknown> | undefined
    const other = await openWriter(db.path)
    await ingestCapture(
      requestFor(db, text, {
        onProgress: () => {
          second ??= ingestCapture(requestFor(other, text)).catch((error) => error)
        },
      }),
    )
    expect(await second).toMatchObject({ code: 'capture-busy' })
    expect(db.sqlite.prepare('SELECT count(*) FROM capture').pluck().get()).toBe(1)
    other.close()
  })

  test('a capture that another fold wrote is folded anew by the next ingest', async () => {
    await ingestCapture(requestFor(db, text))
    const before = dump(db)
    db.sqlite.exec(`UPDATE checkpoint SET version = 'old'; DELETE FROM finding; UPDATE mapping SET ino = 5`)
    await ingestCapture(requestFor(db, text))
    expect(dump(db)).toEqual(before)
  })

  test('a reader that fails leaves what was committed, and no claim on it', async () => {
    const broken = {
      ...contentOf(text),
      async *open(from: number) {
        yield* [text.subarray(from, 30_000)]
        throw new Error('EIO: the disk')
      },
    }
    await expect(ingestCapture(requestFor(db, text, { content: broken }))).rejects.toThrow('EIO')
    expect(dump(db, 'capture').capture).toMatchObject([{ status: 'reading' }])
    expect(db.sqlite.prepare('SELECT writer FROM capture').pluck().get()).toBe(null)
    const { capture, resumedAt } = await ingestCapture(requestFor(db, text))
    expect(resumedAt).toBeGreaterThan(0)
    expect(capture!.complete).toBe(true)
  })
})

describe('a trace whose times run backwards', () => {
  const disordered = traceText({ events: 1000, backwards: 150 })

  test('is folded in the order of time, whatever its order in the log', async () => {
    const { capture } = await ingestCapture(requestFor(db, disordered))
    expect(capture!.ordered).toBe(false)
    const times = db.sqlite.prepare('SELECT mapped_ns FROM mapping ORDER BY id').pluck().all() as number[]
    expect(times).toHaveLength(334)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    for (const row of db.sqlite.prepare(`SELECT evidence, ts_ns FROM finding WHERE ts_ns IS NOT NULL`).all()) {
      const { evidence, ts_ns } = row as { evidence: string; ts_ns: number }
      expect(eventsAt(db.sqlite, JSON.parse(evidence))).toMatchObject([{ name: 'bad', ts: BigInt(ts_ns) }])
    }
  })

  test('tells its fold that it is sorted, and a trace in order that it is not', async () => {
    const told: (boolean | undefined)[] = []
    const createFold = ({ sorted }: FoldOptions) => {
      told.push(sorted)
      return createFakeFold()
    }
    await ingestCapture(requestFor(db, text, { createFold }))
    expect(told).toEqual([false])
    await ingestCapture(requestFor(db, disordered, { createFold }))
    expect(told.at(-1)).toBe(true)
  })

  test('folds again what was folded before a line named the kernel', async () => {
    const told: (string | null | undefined)[] = []
    const createFold = ({ kernel }: FoldOptions) => {
      told.push(kernel)
      return createFakeFold()
    }
    await ingestCapture(requestFor(db, text, { createFold }))
    expect(told).toEqual([null])
    const whole = dump(db, 'mapping finding meaning')
    const other = await openWriter(join(dir, 'kernel.db'))
    const request = requestFor(other, text, { createFold })
    let batches = 0
    await ingestCapture({
      ...request,
      read(start) {
        const reader = request.read(start)
        return { ...reader, facts: () => ({ ...reader.facts(), kernel: batches++ < 2 ? null : '7.3.4' }) }
      },
    })
    expect(told.slice(1)).toEqual([null, '7.3.4'])
    expect(dump(other, 'mapping finding meaning')).toEqual(whole)
    expect(other.sqlite.prepare('SELECT kernel FROM capture').pluck().get()).toBe('7.3.4')
    other.close()
  })

  test('gives the same where it was interrupted', async () => {
    await ingestCapture(requestFor(db, disordered))
    const whole = dump(db)
    const other = await openWriter(join(dir, 'other.db'))
    for (let interrupted = true; interrupted; ) {
      const stop = new AbortController()
      const request = requestFor(other, disordered, { signal: stop.signal, onProgress: () => stop.abort() })
      interrupted = (await ingestCapture(request)).interrupted
    }
    expect(dump(other)).toEqual(whole)
    other.close()
  })
})

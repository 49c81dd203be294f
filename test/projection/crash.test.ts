import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type LogConnection, openReader, openWriter } from '../../src/log/connection.ts'
import { ingestCapture } from '../../src/projection/ingest-capture.ts'
import { verify } from '../../src/projection/verify.ts'
import { createFakeFold } from './fake-fold.ts'
import { dump, kernelReader, requestFor, traceText } from './trace.ts'

const BATCH = 400
const fake = { createFold: createFakeFold, version: 'fake' }
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'revenant-'))
})
afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

interface Child {
  process: ChildProcess
  /** Settles when the process is gone. */
  gone: Promise<{ signal: NodeJS.Signals | null; out: string }>
  /** Settles when that many batches were committed, or when the process is gone. */
  committed(batches: number): Promise<unknown>
}

function ingestIn(db: string, trace: string): Child {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'ingest-child.ts'), db, trace, String(BATCH)])
  let out = ''
  let batches = 0
  let notify = () => {}
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
    batches += chunk.toString().split('\n').length - 1
    notify()
  })
  const gone = new Promise<{ signal: NodeJS.Signals | null; out: string }>((resolve) =>
    child.on('close', (code, signal) =>
      // A child that ends without its word says why: an empty answer would hide it.
      resolve({ signal, out: out || JSON.stringify({ code, signal, stderr: stderr.slice(-2000) }) }),
    ),
  )
  const committed = (count: number) =>
    Promise.race([
      gone,
      new Promise<void>((resolve) => {
        notify = () => batches >= count && resolve()
        notify()
      }),
    ])
  return { process: child, gone, committed }
}

function write(name: string, text: Buffer): string {
  const file = join(dir, name)
  writeFileSync(file, text)
  return file
}

async function dumpOf(path: string) {
  const db = openReader(path)
  const content = dump(db)
  expect(verify(db, fake)).toEqual([])
  db.close()
  return content
}

async function uninterrupted(text: Buffer) {
  const db = await openWriter(join(dir, 'whole.db'))
  await ingestCapture(requestFor(db, text, { read: kernelReader(BATCH) }))
  const content = dump(db)
  db.close()
  return content
}

describe('kill -9', () => {
  test.each([
    ['in order', 0, 10],
    ['running backwards', 9000, 4],
  ])(
    'at any moment, and the next ingest gives what an uninterrupted one gives: times %s',
    async (_, backwards, wanted) => {
      const text = traceText({ events: 30_000, backwards })
      const trace = write('trace', text)
      const whole = await uninterrupted(text)
      let kills = 0
      for (let round = 0; kills < wanted; round++) {
        const path = join(dir, `${round}.db`)
        let resumed = 0
        for (;;) {
          const child = ingestIn(path, trace)
          // Before its first commit, between two, in the middle of one: a time after a number of batches, both by chance.
          await child.committed(Math.floor(Math.random() * 14))
          await new Promise((wake) => setTimeout(wake, Math.random() * 40))
          if (kills < wanted) child.process.kill('SIGKILL')
          const { signal, out } = await child.gone
          if (signal === 'SIGKILL') {
            kills++
            continue
          }
          const outcome = JSON.parse(out)
          expect(outcome).toMatchObject({ capture: 1, complete: true })
          resumed = outcome.resumedAt
          break
        }
        expect(resumed).toBeGreaterThanOrEqual(0)
        expect(await dumpOf(path)).toEqual({ ...whole, capture: [{ ...(whole.capture![0] as object), name: 'trace' }] })
      }
      expect(kills).toBe(wanted)
    },
    60_000,
  )
})

function pagesOf(path: string): number {
  const { sqlite, close } = openReader(path)
  const pages = sqlite.pragma('page_count', { simple: true }) as number
  close()
  return pages
}

describe('several processes', () => {
  test('ingest different files into one database at the same time', async () => {
    const path = join(dir, 'log.db')
    const traces = [1, 2, 3].map((seed) => write(`trace-${seed}`, traceText({ events: 12_000, seed: seed * 7 })))
    const children = traces.map((trace) => ingestIn(path, trace))
    for (const child of children) expect(JSON.parse((await child.gone).out)).toMatchObject({ complete: true })
    const { segment, capture } = await dumpOf(path)
    expect(capture).toHaveLength(3)
    const order = (segment as { capture: bigint }[]).map((row) => row.capture)
    expect(order.filter((id, i) => i > 0 && id !== order[i - 1]).length).toBeGreaterThan(2)
    let position = 1n
    for (const row of segment as { first_position: bigint; events: bigint }[]) {
      expect(row.first_position).toBe(position)
      position += row.events
    }
    expect(position).toBe(36_001n)
  }, 60_000)

  test('ingesting the same file: the second is refused in words, the first is not disturbed', async () => {
    const path = join(dir, 'log.db')
    const text = traceText({ events: 80_000 })
    const trace = write('trace', text)
    const first = ingestIn(path, trace)
    await first.committed(3)
    const second = ingestIn(path, trace)
    const { out } = await second.gone
    expect(JSON.parse(out)).toMatchObject({
      code: 'capture-busy',
      message: expect.stringMatching(`process ${first.process.pid} is ingesting trace as capture 1`),
    })
    expect(JSON.parse((await first.gone).out)).toMatchObject({ complete: true })
    expect((await dumpOf(path)).capture).toHaveLength(1)
  }, 60_000)

  test('a reader sees whole batches only', async () => {
    const path = join(dir, 'log.db')
    const child = ingestIn(path, write('trace', traceText({ events: 20_000 })))
    await child.committed(1)
    const { sqlite, close } = openReader(path)
    const read = sqlite.transaction(() => ({
      capture: sqlite.prepare('SELECT events FROM capture').pluck().get(),
      segments: sqlite.prepare('SELECT sum(events) FROM segment').pluck().get(),
      checkpoint: sqlite.prepare('SELECT seq FROM checkpoint').pluck().get(),
      meaning: sqlite.prepare('SELECT sum(events) FROM meaning').pluck().get(),
      mappings: sqlite.prepare('SELECT count(*) FROM mapping').pluck().get(),
      mapped: sqlite.prepare('SELECT sum(mappings) FROM buffer').pluck().get(),
    }))
    const seen = new Set<number>()
    let running = true
    child.gone.then(() => {
      running = false
    })
    while (running) {
      const { capture, mappings, ...others } = read() as Record<string, number>
      expect(others).toEqual({ segments: capture, checkpoint: capture, meaning: capture, mapped: mappings })
      expect(mappings).toBe(Math.ceil(capture! / 3))
      seen.add(capture!)
      await new Promise((wake) => setTimeout(wake, 1))
    }
    expect(seen.size).toBeGreaterThan(5)
    close()
  }, 60_000)
})

describe('a full disk', () => {
  const text = traceText({ events: 5000 })

  async function withPages(pages: number, act: (db: LogConnection) => Promise<unknown>) {
    const db = await openWriter(join(dir, 'log.db'))
    db.sqlite.pragma(`max_page_count = ${pages}`)
    try {
      return await act(db)
    } finally {
      db.close()
    }
  }

  test('is told in words; what was committed stays, and with more room the ingest goes on there', async () => {
    const whole = await uninterrupted(text)
    const ingest = (db: LogConnection) => ingestCapture(requestFor(db, text, { read: kernelReader(BATCH) }))
    const needed = pagesOf(join(dir, 'whole.db'))
    for (const part of [0.3, 0.5, 0.7, 0.9]) {
      const pages = Math.floor(needed * part)
      const error = await withPages(pages, (db) => ingest(db).catch((e) => e))
      expect(error).toMatchObject({
        code: 'disk-full',
        exitCode: 70,
        message: expect.stringMatching(/disk is full.*make room/),
      })
      const reader = openReader(join(dir, 'log.db'))
      expect(verify(reader, fake)).toEqual([])
      reader.close()
    }
    const { resumedAt } = (await withPages(100_000, ingest)) as { resumedAt: number }
    expect(resumedAt).toBeGreaterThan(0)
    expect(await dumpOf(join(dir, 'log.db'))).toEqual(whole)
  })
})

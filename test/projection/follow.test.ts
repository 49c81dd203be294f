import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FLUSH } from '../../ingest/read-batches.ts'
import { events } from '../../queries/events.ts'
import { openSnapshot } from '../../queries/run-query.ts'
import type { FindingRow } from '../../src/domain/read-model.ts'
import { type LogConnection, openWriter } from '../../src/log/connection.ts'
import { type Content, HEAD_BYTES } from '../../src/log/content.ts'
import { writeJson } from '../../src/output/json.ts'
import { ingestCapture } from '../../src/projection/ingest-capture.ts'
import { verify } from '../../src/projection/verify.ts'
import { contentOf, dump, kernelReader } from './trace.ts'

let dir: string
let made = 0
let open: LogConnection[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'revenant-follow-'))
})
afterEach(() => {
  for (const db of open.splice(0)) db.close()
  rmSync(dir, { recursive: true, force: true })
})

async function newLog(): Promise<LogConnection> {
  const db = await openWriter(join(dir, `${made++}.db`))
  open = [...open, db]
  return db
}

const fixture = (name: string) => readFileSync(join(import.meta.dirname, `../fixtures/traces/${name}.txt`), 'latin1')
const read = kernelReader(65_536)
const ROWS = 'string checkpoint device buffer attachment mapping revocation reset gap finding'

/** All that can be asked of a log; where its batches end is not among it. */
function answers(db: LogConnection) {
  const snapshot = openSnapshot(db)
  const all = JSON.parse([...writeJson(snapshot.run(events, {} as never))].join(''))
  snapshot.end()
  const captures = (dump(db, 'capture').capture as object[]).map((row) => ({ ...row, parser: null }))
  const rows = dump(db, ROWS)
  return { ...rows, finding: rows.finding, captures, events: all }
}

async function plain(text: Buffer) {
  const db = await newLog()
  await ingestCapture({ db, content: contentOf(text), options: {}, read })
  return answers(db)
}

/** `text` as a file that had `cuts[0]` bytes when it was opened; at each further cut the writer paused. */
function growing(text: Buffer, cuts: number[], leave?: AbortController): Content {
  return {
    ...contentOf(text.subarray(0, cuts[0])),
    head: text.subarray(0, Math.min(cuts[0]!, HEAD_BYTES)),
    async *follow(from) {
      let at = from
      for (const cut of [...cuts, ...(leave ? [] : [text.length])]) {
        if (cut <= at) continue
        yield text.subarray(at, cut)
        yield FLUSH
        at = cut
      }
      if (!leave) return
      leave.abort()
      await new Promise(() => {})
    },
  }
}

/** Follows it in several sittings, each of which ends in an interrupt but for the last. */
async function followed(text: Buffer, sittings: number[][]) {
  const db = await newLog()
  const told: FindingRow[] = []
  const onFindings = (findings: FindingRow[]) => void told.push(...findings)
  for (const [i, cuts] of sittings.entries()) {
    const leave = i < sittings.length - 1 ? new AbortController() : undefined
    // A plain ingest may be the one that ends it.
    const content = leave || cuts.length % 2 ? growing(text, cuts, leave) : contentOf(text)
    await ingestCapture({ db, content, options: {}, read, onFindings, ...(leave ? { signal: leave.signal } : {}) })
    expect(verify(db)).toEqual([])
  }
  return { ...answers(db), told }
}

const noise = (i: number) =>
  `            tool-1       [001] .....     0.${String(i).padStart(6, '0')}: noise: ${'x'.repeat(40)}\n`
const JUNK = ['garbage\n', 'CPU:1 [LOST 9 EVENTS]\n', '##### CPU 1 buffer started ####\n', '\n', '\0\n', 'é garbage\n']
const NAMES = [
  'kernel-7.3/sysfs',
  'kernel-7.3/d_iommu_fault',
  'kernel-7.3/d_leak',
  'lab/73-C5-vfio-all-native-dma_buf-only',
]

/** A real trace with damage and losses in it, before it more noise than names a content, or its times run backwards. */
const trace = fc
  .record({
    name: fc.constantFrom(...NAMES),
    before: fc.constantFrom(0, 0, 700),
    backwards: fc.constantFrom(false, false, true),
    junk: fc.array(fc.tuple(fc.nat(), fc.constantFrom(...JUNK)), { maxLength: 8 }),
  })
  .map(({ name, before, backwards, junk }) => {
    const lines = fixture(name).split(/(?<=\n)/)
    for (const [at, text] of junk) lines.splice(at % lines.length, 0, text, ...(at % 2 ? [text] : []))
    const early = Array.from({ length: before }, (_, i) => noise(i))
    return Buffer.from(
      [...(backwards ? [] : early), ...lines, ...(backwards ? [noise(1), ...early] : [])].join(''),
      'latin1',
    )
  })
/** Where pauses fall, as parts of the content. */
const pauses = fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 }), {
  minLength: 1,
  maxLength: 4,
})

describe('a content that is followed', () => {
  test('answers as one that was read at once, wherever its writer paused or its reader was interrupted', async () => {
    await fc.assert(
      fc.asyncProperty(trace, pauses, async (text, parts) => {
        const cuts = parts
          .flat()
          .map((part) => Math.max(1, Math.round(part * text.length)))
          .sort((a, b) => a - b)
        const sittings = parts.map(({ length }) => cuts.splice(0, length))
        const { told, ...rows } = await followed(text, sittings)
        expect(rows).toEqual(await plain(text))
        expect(new Set(told.map(({ id }) => id)).size).toBe(told.length)
      }),
      { numRuns: Number(process.env.RUNS ?? 12) },
    )
  })

  test('has the same gaps and findings where a pause falls behind a loss, or between two lines that say nothing', async () => {
    const lines = fixture('kernel-7.3/sysfs').split(/(?<=\n)/)
    for (const junk of [['CPU:1 [LOST 9 EVENTS]\n'], ['garbage\n', 'more of it\n', 'and more\n']]) {
      const parts = [...lines.slice(0, 40), ...junk, ...lines.slice(40)]
      const text = Buffer.from(parts.join(''), 'latin1')
      const whole = await plain(text)
      expect(whole.finding).toContainEqual(expect.objectContaining({ rule: 'incomplete-log' }))
      for (const count of junk.keys()) {
        const { told, ...rows } = await followed(text, [[parts.slice(0, 41 + count).join('').length]])
        expect(rows).toEqual(whole)
      }
    }
  })

  test('has its findings when their batch was committed, under the names that they keep', async () => {
    const text = Buffer.from(fixture('kernel-7.3/sysfs'), 'latin1')
    const { told, finding } = await followed(text, [[text.length >> 1, text.length - 200, text.length]])
    expect(told.map(({ rule }) => rule)).toEqual(['reset-while-mapped', 'reset-without-revoke'])
    expect(finding).toEqual((await plain(text)).finding)
  })

  test('is found again when it has grown beyond the 64 KiB that name it', async () => {
    const text = Buffer.from(Array.from({ length: 2000 }, (_, i) => noise(i)).join(''))
    const { captures } = await followed(text, [[1000, 2000], [text.length >> 1], [text.length]])
    expect(captures).toMatchObject([{ capture: 1n, lines: 2000n, status: 'complete' }])
  })

  test('and passes only once is a duplicate where it is short, and is not completed twice where it is not', async () => {
    const text = Buffer.from(Array.from({ length: 50 }, (_, i) => noise(i)).join(''))
    const db = await newLog()
    const pass = (cuts: number[]) =>
      ingestCapture({ db, content: { ...growing(text, cuts), seekable: false }, options: {}, read })
    expect(await pass([text.length])).toMatchObject({ duplicate: false, sameAs: null, capture: { complete: true } })
    expect(await pass([text.length])).toMatchObject({ duplicate: true, sameAs: null, capture: { capture: 1 } })
    expect(await pass([1000, 3000])).toMatchObject({
      duplicate: false,
      sameAs: 1,
      capture: { capture: 2, complete: false },
    })
    expect(verify(db)).toEqual([])
  })
})

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readBatches } from '../../ingest/read-batches.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import type { Changes } from '../../src/domain/read-model.ts'
import type { RecordBatch } from '../../src/domain/record.ts'
import { findCapture, listCaptures } from '../../src/log/captures.ts'
import { type LogConnection, openWriter } from '../../src/log/connection.ts'
import { createFold, FOLD_VERSION } from '../../src/projection/fold.ts'
import { ingestCapture } from '../../src/projection/ingest-capture.ts'
import { listSnapshots, takeUpFold } from '../../src/projection/read-snapshots.ts'
import { rebuild } from '../../src/projection/rebuild.ts'
import { stateAt } from '../../src/projection/state/state-at.ts'
import { packState, unpackState } from '../../src/projection/state-codec.ts'
import { verify } from '../../src/projection/verify.ts'
import { edges } from '../scenarios/edges.cases.ts'
import { importers } from '../scenarios/importers.cases.ts'
import { createLedger, traceText as scenarioText } from '../scenarios/kernel-lines.ts'
import { vfio } from '../scenarios/vfio.cases.ts'
import { kernelReader, requestFor, traceText } from './trace.ts'

/** A snapshot behind every batch. */
const ALWAYS = { events: 1, share: Number.POSITIVE_INFINITY }

let dir: string
let db: LogConnection
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'revenant-snapshots-'))
  db = await openWriter(join(dir, 'log.db'))
})
afterEach(() => {
  db.close()
  rmSync(dir, { recursive: true, force: true })
})

const judged = (text: Buffer, batchLines: number) => ({
  ...requestFor(db, text, { read: kernelReader(batchLines), snapshots: ALWAYS }),
  createFold,
  version: FOLD_VERSION,
})

/** The last version of every row that a fold hands over, and all else that it tells. */
function collector() {
  const rows = new Map<string, unknown>()
  return {
    rows,
    keep(changes: Changes) {
      const { devices, firstDevice, meaning, ...tables } = changes
      for (const [table, of] of Object.entries(tables)) for (const row of of) rows.set(`${table} ${row.id}`, row)
      for (const [k, name] of devices.entries()) rows.set(`device ${firstDevice + k}`, name)
      if (meaning) rows.set(`meaning ${meaning.firstSeq}`, meaning)
    },
  }
}

const SMALL = 64 * 1024

async function parsed(text: Buffer, batchLines: number): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = []
  for await (const batch of readBatches([text], createTraceParser(), { batchLines, batchBytes: SMALL, maxLine: SMALL }))
    batches.push(batch)
  return batches
}

/** Folds batches in one go, or puts the state away behind the given ones and goes on from what was put away. */
function folded(batches: readonly RecordBatch[], cuts: ReadonlySet<number>) {
  const { rows, keep } = collector()
  const strings: string[] = []
  let current = createFold({ ticks: false, options: {} })
  let events = 0
  for (const [n, batch] of batches.entries()) {
    for (const [k, text] of batch.strings.entries()) strings[batch.firstString + k] = text
    keep(current.feed(batch, events))
    events += batch.count
    if (!cuts.has(n)) continue
    const state = unpackState(packState(current.state()))!
    current = createFold({ ticks: false, options: {}, from: { state, strings } })
  }
  keep(current.finish())
  return { rows, tier: current.tier() }
}

const FIXTURES = join(import.meta.dirname, '../fixtures/traces')
const fixtures = ['kernel-7.3', 'lab'].flatMap((folder) =>
  readdirSync(join(FIXTURES, folder))
    .filter((name) => name.endsWith('.txt') && !name.startsWith('PROBES'))
    .map((name) => [`${folder}/${name}`, readFileSync(join(FIXTURES, folder, name))] as const),
)
const scenarios = [...vfio, ...importers, ...edges].map(({ name, run }) => {
  const ledger = createLedger('recipe')
  run(ledger)
  return [name, scenarioText(ledger)] as const
})

describe('snapshot and tail are the full fold', () => {
  test.each([...fixtures, ...scenarios])('%s, at every place', async (_, text) => {
    const batches = await parsed(text, 4)
    const everywhere = new Set(batches.keys())
    expect(folded(batches, everywhere)).toEqual(folded(batches, new Set()))
  })

  test('whatever the batches and the cuts are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...fixtures, ...scenarios),
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.nat(80), { maxLength: 4 }),
        async ([, text], batchLines, cuts) => {
          const batches = await parsed(text, batchLines)
          expect(folded(batches, new Set(cuts))).toEqual(folded(batches, new Set()))
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('snapshots in the log', () => {
  const text = traceText({ events: 700 })
  const real = readFileSync(join(FIXTURES, 'lab/73-B4-move-notify-pinned.txt'))
  const places = (capture = 1) => listSnapshots(db.sqlite, capture)

  test('stand behind batches, with the time of the last event before', async () => {
    await ingestCapture(judged(real, 40))
    const { events, lastNs } = findCapture(db.sqlite, 1)!
    expect(places().length).toBeGreaterThan(4)
    expect(places().at(-1)).toEqual({ seq: events, ns: lastNs, version: FOLD_VERSION })
    expect(verify(db)).toEqual([])
  })

  test('a small capture has none, and one whose state is large beside its text has none either', async () => {
    await ingestCapture({ ...judged(real, 40), snapshots: undefined })
    await ingestCapture({ ...judged(text, 40), snapshots: { events: 1, share: 0.05 } })
    expect([places(1), places(2)]).toEqual([[], []])
  })

  test('are made again by rebuild, at the same places', async () => {
    await ingestCapture(judged(real, 40))
    const before = places()
    db.sqlite.exec('DELETE FROM snapshot')
    rebuild(db, { snapshots: ALWAYS })
    expect(places()).toEqual(before)
  })

  test('of a capture whose times run backwards are of the sorted one, and the tail goes on from them', async () => {
    await ingestCapture(judged(backwards(real), 40))
    const capture = findCapture(db.sqlite, 1)!
    expect(capture.ordered).toBe(false)
    db.sqlite.exec('DELETE FROM snapshot')
    rebuild(db, { snapshots: ALWAYS })
    expect(verify(db)).toEqual([])
    for (const { ns } of [...places(), { ns: capture.firstNs! }])
      expect(stateAt(db.sqlite, capture, ns)).toEqual(stateAt(db.sqlite, capture, ns, { snapshots: false }))
  })

  test('an interrupted ingest goes on from one, and ends as if nothing had been', async () => {
    await ingestCapture({ ...judged(real, 40), signal: AbortSignal.timeout(0) })
    const stop = new AbortController()
    const marked = Buffer.concat([Buffer.from('# another\n'), real])
    await ingestCapture({ ...judged(marked, 40), signal: stop.signal, onProgress: () => stop.abort() })
    expect(places(1).length).toBeGreaterThan(0)
    await ingestCapture(judged(real, 40))
    await ingestCapture(judged(marked, 40))
    expect(listCaptures(db.sqlite).map(({ complete }) => complete)).not.toContain(false)
    expect(verify(db)).toEqual([])
  })

  test('verify says where one cannot be read, tells something else, or should not be there', async () => {
    await ingestCapture(judged(real, 40))
    const [first, second, third, fourth] = places()
    const put = db.sqlite.prepare('UPDATE snapshot SET state = ? WHERE seq = ?')
    put.run(Buffer.from('torn'), first!.seq)
    put.run(db.sqlite.prepare('SELECT state FROM snapshot WHERE seq = ?').pluck().get(third!.seq), second!.seq)
    db.sqlite.prepare('UPDATE snapshot SET seq = seq + 1 WHERE seq = ?').run(fourth!.seq)
    expect(verify(db).map(({ message }) => message)).toEqual([
      expect.stringContaining(`snapshot ${first!.seq} cannot be read`),
      expect.stringContaining(`snapshot ${second!.seq} tells another state`),
      expect.stringContaining(`snapshot ${fourth!.seq + 1} should not be there`),
    ])
  })

  test('one that cannot be read, or is of another version, is not used', async () => {
    await ingestCapture(judged(real, 40))
    const capture = findCapture(db.sqlite, 1)!
    const seqOf = (version: string) => takeUpFold(db.sqlite, capture, null, { version, createFold, inputs: [] }).seq
    expect(seqOf(FOLD_VERSION)).toBe(capture.events)
    expect(seqOf('another')).toBe(0)
    db.sqlite.prepare('UPDATE snapshot SET state = ? WHERE seq = ?').run(Buffer.from('torn'), capture.events)
    expect(seqOf(FOLD_VERSION)).toBe(places().at(-2)!.seq)
  })
})

/** Every tenth event comes a line too early. */
function backwards(text: Buffer): Buffer {
  const lines = text.toString('latin1').split('\n')
  const first = lines.findIndex((line) => line !== '' && !line.startsWith('#'))
  for (let i = first; i + 1 < lines.length - 1; i += 10) lines.splice(i, 2, lines[i + 1]!, lines[i]!)
  return Buffer.from(lines.join('\n'), 'latin1')
}

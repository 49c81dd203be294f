import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Changes } from '../../src/domain/read-model.ts'
import { findCapture, listCaptures } from '../../src/log/captures.ts'
import { type LogConnection, openWriter } from '../../src/log/connection.ts'
import { createFold, FOLD_VERSION } from '../../src/projection/fold.ts'
import { inFoldOrder } from '../../src/projection/fold-order.ts'
import { ingestCapture } from '../../src/projection/ingest-capture.ts'
import { listSnapshots, takeUpFold } from '../../src/projection/read-snapshots.ts'
import { rebuild } from '../../src/projection/rebuild.ts'
import { foldFor } from '../../src/projection/refold.ts'
import { packState, unpackState } from '../../src/projection/state-codec.ts'
import { verify } from '../../src/projection/verify.ts'
import { edges } from '../scenarios/edges.cases.ts'
import { importers } from '../scenarios/importers.cases.ts'
import { createLedger, traceText as scenarioText } from '../scenarios/kernel-lines.ts'
import { vfio } from '../scenarios/vfio.cases.ts'
import { dump, kernelReader, requestFor, traceText } from './trace.ts'

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

/** Folds a capture in one go, or puts its state away behind the given batches and goes on from what was put away. */
function fold(capture: number, cuts: ReadonlySet<number>) {
  const of = findCapture(db.sqlite, capture)!
  const { rows, keep } = collector()
  const strings: string[] = []
  let current = foldFor(of, createFold, [])
  let n = 0
  for (const { batch, firstSeq } of inFoldOrder(db.sqlite, of)) {
    for (const [k, text] of batch.strings.entries()) strings[batch.firstString + k] = text
    keep(current.feed(batch, firstSeq))
    if (!cuts.has(n++)) continue
    const state = unpackState(packState(current.state()))!
    current = foldFor(of, createFold, [], { state, strings })
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
  test.each([...fixtures, ...scenarios])('%s', async (_, text) => {
    await ingestCapture(judged(text, 4))
    const whole = fold(1, new Set())
    const everywhere = new Set(Array.from({ length: 10_000 }, (_, n) => n))
    expect(fold(1, everywhere)).toEqual(whole)
  })

  test('whatever the batches and the cuts are', async () => {
    let captures = 0
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...fixtures),
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.nat(80), { maxLength: 4 }),
        async ([, text], batchLines, cuts) => {
          captures++
          const marked = Buffer.concat([Buffer.from(`# ${captures}\n`), text])
          const { capture } = await ingestCapture(judged(marked, batchLines))
          expect(fold(capture!.capture, new Set(cuts))).toEqual(fold(capture!.capture, new Set()))
        },
      ),
      { numRuns: 25 },
    )
  })
})

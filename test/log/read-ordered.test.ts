import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type LogConnection, openWriter } from '../../src/log/connection.ts'
import { eventsAt } from '../../src/log/read-log.ts'
import { readOrdered } from '../../src/log/read-ordered.ts'
import { createTimeMerge } from '../../src/log/time-merge.ts'
import { ingestCapture } from '../../src/projection/ingest-capture.ts'
import { kernelReader, requestFor } from '../projection/trace.ts'

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

describe('merged runs', () => {
  const time = fc.oneof(fc.bigInt({ min: 0n, max: 20n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))

  test('come in the order of time, then of number, each event once', () => {
    fc.assert(
      fc.property(fc.array(fc.array(time, { minLength: 1, maxLength: 8 }), { maxLength: 8 }), (runs) => {
        let seq = 0
        const closed = runs.map((times) => {
          const firstSeq = seq
          seq += times.length
          const [firstNs] = [...times].sort((a, b) => Number(a > b) - Number(a < b)) as [bigint]
          return { firstNs, firstSeq, open: () => ({ time: BigInt64Array.from(times), firstSeq }) }
        })
        const next = createTimeMerge(closed)
        const merged: [bigint, number][] = []
        for (let one = next(); one; one = next()) merged.push([one.run.time[one.index]!, one.run.firstSeq + one.index])
        const all = runs.flat().map((time, seq): [bigint, number] => [time, seq])
        const sorted = all.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]))
        expect(merged).toEqual(sorted)
      }),
    )
  })

  test('are opened only when their time has come', () => {
    const opened: number[] = []
    const runs = [0, 1, 2, 3].map((n) => ({
      firstNs: BigInt(n * 10),
      firstSeq: n * 2,
      open: () => {
        opened.push(n)
        return { time: BigInt64Array.from([n * 10, n * 10 + 1], BigInt), firstSeq: n * 2 }
      },
    }))
    const next = createTimeMerge(runs)
    const seen = [0, 1, 2, 3, 4].map(() => {
      next()
      return opened.length
    })
    expect(seen).toEqual([1, 1, 2, 2, 3])
  })
})

describe('a capture of per-CPU files put one behind the other', () => {
  /** Two CPUs with the same span of time; the second one lost events before its 150th. */
  function perCpu(): Buffer {
    const lines: string[] = []
    for (const cpu of [0, 1])
      for (let i = 0; i < 300; i++) {
        if (cpu === 1 && i === 150) lines.push('CPU:1 [LOST 9 EVENTS]\n')
        const us = String(1000 + i * 2 + cpu).padStart(6, '0')
        lines.push(`            task-${i}       [00${cpu}] .....    10.${us}: map: cpu=${cpu} i=${i}\n`)
      }
    return Buffer.from(lines.join(''))
  }

  test.each([
    [64, 128 * 1024 * 1024],
    [7, 1],
    [1000, 4000],
  ])('is read in the order of time: batches of %i, %i bytes of text at hand', async (batchEvents, textBytes) => {
    const { capture } = await ingestCapture(requestFor(db, perCpu(), { read: kernelReader(50) }))
    expect(capture).toMatchObject({ ordered: false, events: 600 })
    let fed = 0
    let notes = 0
    for (const { batch, seqs } of readOrdered(db.sqlite, 1, { batchEvents, textBytes })) {
      expect(batch.count).toBe(seqs.length)
      expect(batch.count).toBeLessThanOrEqual(batchEvents)
      for (let i = 0; i < batch.count; i++, fed++) {
        const cpu = fed % 2
        const event = (fed - cpu) / 2
        expect(batch.bytes.toString('latin1', batch.payloadStart[i], batch.payloadEnd[i])).toBe(`cpu=${cpu} i=${event}`)
        expect([seqs[i], batch.cpu[i], batch.pid[i]]).toEqual([cpu * 300 + event, cpu, event])
        const [logged] = fed % 50 === 0 ? eventsAt(db.sqlite, [seqs[i]! + 1]) : []
        if (logged) expect([logged.ts, logged.line]).toEqual([batch.time[i], batch.firstLine + batch.line[i]!])
      }
      for (const note of batch.notes) {
        notes++
        expect(note).toMatchObject({ kind: 'lost', cpu: 1, lost: 9n })
        expect(seqs[note.beforeEvent]).toBe(450)
      }
    }
    expect([fed, notes]).toEqual([600, 1])
  })
})

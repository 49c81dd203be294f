import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LineKind, type RecordBatch } from '../../src/domain/record.ts'
import { decodeNotes, encodeNotes } from '../../src/log/notes.ts'
import { decodeColumns, encodeColumns, packColumns, unpackColumns } from '../../src/log/segment-codec.ts'
import { unzstd, zstd } from '../../src/log/zstd.ts'
import { makeBatch } from './fake-batches.ts'

/** Any batch whose payloads lie within their lines, or behind all of them. */
const anyBatch: fc.Arbitrary<RecordBatch> = fc
  .array(
    fc.record({
      kind: fc.constantFrom(LineKind.structural, LineKind.event, LineKind.event, LineKind.ignored, LineKind.malformed),
      length: fc.oneof(fc.nat(300), fc.nat(70_000)),
      time: fc.oneof(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.bigInt({ min: 0n, max: 10n ** 12n }),
        fc.bigInt({ min: 0n, max: 10n ** 9n }).map((us) => us * 1000n),
      ),
      small: fc.integer({ min: -1, max: 300 }),
      wide: fc.integer({ min: -1, max: 2 ** 31 - 2 }),
      id: fc.nat(2 ** 32 - 1),
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      to: fc.double({ min: 0, max: 1, noNaN: true }),
      respelled: fc.option(fc.nat(400), { freq: 4 }),
    }),
    { maxLength: 60 },
  )
  .map((lines) => {
    const lineStart = new Uint32Array(lines.length + 1)
    for (const [i, line] of lines.entries()) lineStart[i + 1] = lineStart[i]! + line.length
    const events = lines.flatMap((line, i) => (line.kind === LineKind.event ? [{ ...line, i }] : []))
    const at = (e: (typeof events)[number], part: number) => lineStart[e.i]! + Math.floor(e.length * part)
    const payloadStart = Uint32Array.from(events, (e) => at(e, Math.min(e.from, e.to)))
    const payloadEnd = Uint32Array.from(events, (e) => at(e, Math.max(e.from, e.to)))
    let size = lineStart[lines.length]!
    for (const [k, { respelled }] of events.entries()) {
      if (respelled === null) continue
      payloadStart[k] = size
      size += respelled
      payloadEnd[k] = size
    }
    return {
      bytes: Buffer.alloc(size),
      firstLine: 1,
      lineCount: lines.length,
      lineStart,
      lineKind: Uint8Array.from(lines, (line) => line.kind),
      count: events.length,
      line: Uint32Array.from(events, (e) => e.i),
      time: BigInt64Array.from(events, (e) => e.time),
      cpu: Int32Array.from(events, (e) => e.small),
      pid: Int32Array.from(events, (e) => e.wide),
      tgid: Int32Array.from(events, () => -1),
      comm: Uint32Array.from(events, (e) => Math.max(0, e.small)),
      name: Uint32Array.from(events, (e) => e.id),
      payloadStart,
      payloadEnd,
      firstString: 7,
      strings: ['a', 'b'],
      notes: [],
    }
  })

function columnsOf(batch: RecordBatch) {
  const { bytes, firstLine: _firstLine, strings, notes: _notes, ...columns } = batch
  return { ...columns, stringCount: strings.length, textBytes: bytes.length }
}

describe('segment columns', () => {
  test('come back exactly', () => {
    fc.assert(
      fc.property(anyBatch, (batch) => {
        expect(decodeColumns(encodeColumns(batch))).toEqual(columnsOf(batch))
      }),
    )
  })

  test('of pooled arrays that are longer than the batch are cut to it', () => {
    const batch = makeBatch(Buffer.from('  a-1 [000] ..... 1.000001: x: one\n  a-1 [001] ..... 1.000002: y: two\n'))
    const pooled = { ...batch, time: new BigInt64Array(100), cpu: new Int32Array(50) }
    pooled.time.set(batch.time)
    pooled.cpu.set(batch.cpu)
    expect(decodeColumns(encodeColumns(pooled))).toEqual(columnsOf(batch))
  })

  test('survive the thread pool, and a day of microseconds costs a few bytes an event', async () => {
    const lines = Array.from(
      { length: 20_000 },
      (_, i) =>
        `  storm-${i % 4}-16${i % 4} [00${i % 4}] ..... ${100 + Math.floor(i / 100)}.${String((i % 100) * 9973).padStart(6, '0')}: map: len=${i}\n`,
    )
    const batch = makeBatch(Buffer.from(lines.join('')))
    const stored = await packColumns(batch)
    expect(unpackColumns(stored)).toEqual(columnsOf(batch))
    expect(stored.length / batch.count).toBeLessThan(6)
  })

  test('with a flipped byte are refused', async () => {
    const stored = await packColumns(makeBatch(Buffer.from('  a-1 [000] ..... 1.000001: x: one\n')))
    stored[stored.length - 1]! ^= 1
    expect(() => unpackColumns(stored)).toThrow()
  })
})

test('a text frame must hold what was stored', async () => {
  const frame = await zstd(Buffer.from('abc'))
  expect(unzstd(frame, 3).toString()).toBe('abc')
  expect(() => unzstd(frame, 4)).toThrow()
  expect(() => unzstd(frame, 2)).toThrow()
})

test('notes come back exactly, BigInts and nulls included', () => {
  const notes = [
    { kind: 'lost' as const, line: 3, cpu: 1, lost: 2n ** 63n, beforeEvent: 0 },
    { kind: 'lost' as const, line: 4, cpu: 1, lost: null, beforeEvent: 0 },
    { kind: 'cut' as const, line: 9, beforeEvent: 5 },
  ]
  expect(decodeNotes(encodeNotes(notes))).toEqual(notes)
})

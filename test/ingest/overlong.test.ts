import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { readBatches } from '../../ingest/read-batches.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import { inputBytes, type Note } from '../../src/domain/record.ts'

const MIB = 1024 * 1024
const EVENT = '            tool-170     [001] ...1.    23.275377: dma_buf_put: exp_name=system size=65536 ino=24\n'

it('a line of 200 MB costs one malformed line and no memory', async () => {
  const piece = Buffer.alloc(MIB, 'A')
  const hash = createHash('sha256')
  function* chunks(): Generator<Buffer> {
    yield Buffer.from(EVENT)
    for (let i = 0; i < 200; i++) {
      hash.update(piece)
      yield piece
    }
    yield Buffer.from(`\n${EVENT}`)
  }
  const before = process.memoryUsage().rss
  let most = 0
  const notes: Note[] = []
  let bytes = 0
  let kept = 0
  const parser = createTraceParser()
  for await (const batch of readBatches(chunks(), parser, {
    onBytes: () => (most = Math.max(most, process.memoryUsage().rss)),
  })) {
    notes.push(...batch.notes)
    bytes += inputBytes(batch)
    kept += batch.bytes.length
  }
  expect(parser.facts()).toMatchObject({ lines: 3, events: 2, malformed: 1, structural: 0 })
  expect(notes).toEqual([
    { kind: 'overlong', line: 2, length: 200 * MIB, kept: 65_536, sha256: hash.digest('hex'), beforeEvent: 1 },
  ])
  expect(bytes).toBe(200 * MIB + 2 * EVENT.length + 1)
  expect(kept).toBe(65_536 + 1 + 2 * EVENT.length)
  expect(most - before).toBeLessThan(64 * MIB)
})

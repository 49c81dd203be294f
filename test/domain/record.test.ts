import { expect, it } from 'vitest'
import { inputBytes, lineBytes } from '../../src/domain/record.ts'
import { parsed } from '../support/parsed.ts'

it('a batch stands for all bytes of its lines, of those that are too long to be kept as well', async () => {
  const lines = ['# tracer: nop', 'x'.repeat(9000), '            tool-100     [000] ...1.    10.000010: x: y', '']
  const text = Buffer.from(lines.join('\n'))
  let [read, kept] = [0, 0]
  for await (const { batch } of parsed(text, {}, { batchLines: 2, batchBytes: 16 * 1024, maxLine: 4 * 1024 })) {
    read += inputBytes(batch)
    kept += lineBytes(batch).length
  }
  expect(read).toBe(text.length)
  expect(kept).toBeLessThan(text.length - 4000)
})

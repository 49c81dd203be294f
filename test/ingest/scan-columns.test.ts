import fc from 'fast-check'
import { expect, it } from 'vitest'
import { scanPadded, scanUnpadded } from '../../ingest/ftrace/scan-kernel-text.ts'
import { createLineHead } from '../../ingest/line-head.ts'

const LINES = [
  '            tool-170     [001] ...1.    23.275377: dma_buf_put: ino=24\n',
  '            tool-4194304 [127] dNh6. 999999.000001: foo <-bar\n',
  '            tool-1       [000] d..2  1136.097721: cpu_idle: state=1\n',
  '            tool-1       [000] ...1. 1795337014.497359: a: b\n',
  '            tool-1       (     34) [001] .....    12.392501: a: b\n',
  '            tool-1       [000] .....  66047225245: a: b\n',
]
/** Bytes that mean something in a line, put at any place of it. */
const CHANGES = fc.array(fc.tuple(fc.integer({ min: 17, max: 60 }), fc.constantFrom(...'0159 .:[]()-dN\r')), {
  maxLength: 3,
})

it('the columns of a padded line never say anything else than its words', () => {
  const byColumns = createLineHead()
  const byWords = createLineHead()
  fc.assert(
    fc.property(fc.constantFrom(...LINES), CHANGES, (line, changes) => {
      const bytes = Buffer.concat([Buffer.from(line), Buffer.alloc(64, '\n')])
      for (const [at, character] of changes) if (at < line.length - 1) bytes.write(character, at, 'latin1')
      const code = scanPadded(bytes, 0, byColumns)
      // The first dash after the comm is that of byte 16: the words are tried there first.
      const words = scanUnpadded(bytes, 0, byWords)
      if (code > 0) expect([words, byWords]).toEqual([code, byColumns])
      else if (words > 0) expect(byWords.commEnd).toBeGreaterThan(16)
    }),
    { numRuns: 20_000 },
  )
})

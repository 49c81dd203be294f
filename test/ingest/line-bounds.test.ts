import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { beginLayout, type Format, LAYOUTS } from '../../ingest/layout.ts'
import { createLineHead, type LineHead } from '../../ingest/line-head.ts'
import { fixture, LAYOUTS_DIR } from './read-whole.ts'

const LINES = readdirSync(LAYOUTS_DIR)
  .filter((name) => name.endsWith('.txt'))
  .flatMap((name) => {
    const lines = fixture(name)
      .toString('latin1')
      .split('\n')
      .filter((line) => line.length < 200)
    // Lines of each kind that a file has, without reading all of a long one.
    return [0, 1, 2, 13, 14, 30, 45].flatMap((at) => (lines[at] ? [lines[at]] : []))
  })

interface Outcome {
  code: number
  head: LineHead | null
}

/** What a fresh reader makes of `line` when `after` stands behind its line feed. */
function scanned(format: Format, which: 'scan' | 'scanLoose', line: string, after: string): Outcome {
  const head = createLineHead()
  const b = Buffer.from(`${line}\n${after}\n`, 'latin1')
  const code = beginLayout(format)[which](b, 0, head)
  return { code, head: code > 0 ? { ...head } : null }
}

/** What could be taken for the rest of a line that was cut there. */
const BAITS = [
  '...1.    23.275377: dma_buf_put: exp_name=a',
  '.....1.0: x: y',
  '123456789.123456: x: y',
  '] 1.000000: a: b',
]

describe('no scanner looks behind the end of its line', () => {
  it.each(Object.keys(LAYOUTS) as Format[])('%s', (format) => {
    const wrong: [string, string][] = []
    for (const line of LINES)
      for (let end = 0; end <= Math.min(line.length, 90); end++)
        for (const which of ['scan', 'scanLoose'] as const) {
          const cut = line.slice(0, end)
          const alone = scanned(format, which, cut, '')
          for (const bait of [line.slice(end), BAITS[end % BAITS.length]!])
            if (!isSame(scanned(format, which, cut, bait), alone)) wrong.push([cut, bait])
        }
    expect(wrong).toEqual([])
  })
})

function isSame(a: Outcome, b: Outcome): boolean {
  if (a.code !== b.code || a.head === null || b.head === null) return a.code === b.code && a.head === b.head
  return (Object.keys(a.head) as (keyof LineHead)[]).every((key) => String(a.head![key]) === String(b.head![key]))
}

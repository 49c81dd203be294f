import { existsSync, readFileSync } from 'node:fs'
import { constants, zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { foldText } from '../support/fold-file.ts'
import { LIBRARY } from '../support/real-traces.ts'
import { claimsOf, sums, sumsOf, type Totals } from '../support/totals.ts'

const STORM = `${LIBRARY}/lab/E1-storm-large`

/** Skipped where the trace is not beside the project: 9 MB compressed, 226 MB of text. */
describe('a storm of 1,367,514 events on four CPUs', () => {
  it.skipIf(!existsSync(`${STORM}.txt.zst`))('has the totals that are true of it', async () => {
    const totals = JSON.parse(readFileSync(`${STORM}.totals.json`, 'utf8')) as Totals
    const text = zstdDecompressSync(readFileSync(`${STORM}.txt.zst`), {
      params: { [constants.ZSTD_d_windowLogMax]: 27 },
    })
    const folded = await foldText(text)
    expect(sumsOf(folded)).toEqual(sums(totals))
    expect(claimsOf(folded, totals)).toEqual({ missed: [], false: [] })
  })
})

import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { foldFile } from '../support/fold-file.ts'
import { LIBRARY } from '../support/real-traces.ts'
import { claimsOf, sums, sumsOf, type Totals } from '../support/totals.ts'

const STORM = `${LIBRARY}/lab/E0-storm-small`

describe('a storm of 19,654 events on four CPUs', () => {
  it.skipIf(!existsSync(`${STORM}.txt`))('has the totals that are true of it', async () => {
    const totals = JSON.parse(readFileSync(`${STORM}.totals.json`, 'utf8')) as Totals
    const folded = await foldFile(`${STORM}.txt`)
    expect(sumsOf(folded)).toEqual(sums(totals))
    expect(claimsOf(folded, totals)).toEqual({ missed: [], false: [] })
  })
})

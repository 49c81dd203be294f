import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { contradictions, falseAllClears, newClaims } from '../support/claims.ts'
import { omissions, omit, randomDamage, randomLoss } from '../support/edits.ts'
import { foldText } from '../support/fold-file.ts'
import { foldApart } from '../support/fold-inputs.ts'
import { HARMLESS_EDITS } from '../support/harmless-edits.ts'
import { joinTrace, splitTrace } from '../support/lines.ts'
import { FIXTURES, tracesIn } from '../support/real-traces.ts'
import { shapeOf } from '../support/shape.ts'
import { cutsOf, isUnbroken, splitByCpu, splitByTime } from '../support/split.ts'

const TRACES = tracesIn(FIXTURES).map(({ name, path }) => ({
  name,
  lines: splitTrace(readFileSync(path, 'latin1')),
}))

describe('a probe that was not set proves nothing', () => {
  it.each(TRACES)('$name', async ({ lines }) => {
    const full = await foldText(joinTrace(lines))
    const wrong: string[] = []
    for (const omission of omissions(lines)) {
      for (const claim of await contradictions(full, omit(lines, omission)))
        wrong.push(`without ${omission.name}: ${claim}`)
    }
    expect(wrong).toEqual([])
  })
})

describe('an event that was lost proves nothing', () => {
  it.each(TRACES)('$name', async ({ lines }) => {
    const full = await foldText(joinTrace(lines))
    const wrong: string[] = []
    for (let seed = 1; seed <= 6; seed++) {
      const less = randomLoss(lines, seed)
      if (!less) continue
      for (const claim of await contradictions(full, less)) wrong.push(`loss ${seed}: ${claim}`)
    }
    expect(wrong).toEqual([])
  })
})

describe('a line that was damaged proves nothing', () => {
  it.each(TRACES)('$name', async ({ lines }) => {
    const full = await foldText(joinTrace(lines))
    const wrong: string[] = []
    for (let seed = 1; seed <= 8; seed++)
      for (const claim of await contradictions(full, randomDamage(lines, seed))) wrong.push(`damage ${seed}: ${claim}`)
    expect(wrong).toEqual([])
  })
})

describe('names and noise change nothing', () => {
  it.each(TRACES)('$name', async ({ lines }) => {
    const full = shapeOf(await foldText(joinTrace(lines)))
    for (const [name, { edit, former }] of Object.entries(HARMLESS_EDITS))
      expect(shapeOf(await foldText(joinTrace(edit(lines))), former), name).toEqual(full)
  })

  it.each(Object.entries(HARMLESS_EDITS))('%s: the edit does change the text', (_, { edit }) => {
    const changed = TRACES.filter(({ lines }) => joinTrace(edit(lines)).compare(joinTrace(lines)) !== 0)
    expect(changed.length).toBeGreaterThan(TRACES.length - 3)
  })
})

describe('a recording in several files', () => {
  const CUTS = 5

  // Where one CPU falls silent before the next one speaks, nothing tells the files from two dumps in a row.
  it.each(TRACES)('one for each CPU, merged: $name', async ({ lines }) => {
    const full = await foldText(joinTrace(lines))
    const parts = splitByCpu(lines)
    const merged = await foldApart(parts)
    if (isUnbroken(parts)) expect(shapeOf(merged)).toEqual(shapeOf(full))
    else expect([...newClaims(full, merged), ...falseAllClears(full, merged, true)]).toEqual([])
  })

  it('was unbroken in most of the traces that are split by CPU', () => {
    const several = TRACES.map(({ lines }) => splitByCpu(lines)).filter(({ length }) => length > 1)
    expect(several.filter(isUnbroken).length).toBeGreaterThan(several.length - 5)
    expect(several.length).toBeGreaterThan(10)
  })

  it.each(TRACES)('one that goes on where the other ended, merged: $name', async ({ lines }) => {
    const full = shapeOf(await foldText(joinTrace(lines)))
    for (const at of cutsOf(lines, CUTS))
      expect(shapeOf(await foldApart(splitByTime(lines, at, 'no header'))), `cut at ${at}`).toEqual(full)
  })

  it.each(TRACES)('two that were saved apart may only know less: $name', async ({ lines }) => {
    const full = await foldText(joinTrace(lines))
    for (const at of cutsOf(lines, CUTS)) {
      const less = await foldApart(splitByTime(lines, at, 'header'))
      expect(less.gaps.map(({ reason }) => reason)).toContain('none of the merged inputs covers this time')
      expect([...newClaims(full, less), ...falseAllClears(full, less, true)], `cut at ${at}`).toEqual([])
    }
  })
})

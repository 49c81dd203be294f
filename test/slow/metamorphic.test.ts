import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { contradictions } from '../support/claims.ts'
import { omissions, omit, randomDamage, randomLoss } from '../support/edits.ts'
import { foldText } from '../support/fold-file.ts'
import { joinTrace, splitTrace } from '../support/lines.ts'
import { FIXTURES, tracesIn } from '../support/real-traces.ts'

const SEEDS = 400

const TRACES = tracesIn(FIXTURES).map(({ name, path }) => ({
  name,
  lines: splitTrace(readFileSync(path, 'latin1')),
}))

describe('two probes that were not set prove nothing', () => {
  it.each(TRACES)('$name', async ({ lines }) => {
    const full = await foldText(joinTrace(lines))
    const single = omissions(lines).filter((omission) => omission.name.startsWith('event '))
    const wrong: string[] = []
    for (const [index, one] of single.entries()) {
      for (const other of single.slice(index + 1)) {
        for (const claim of await contradictions(full, omit(lines, one, other)))
          wrong.push(`without ${one.name} and ${other.name}: ${claim}`)
      }
    }
    expect(wrong).toEqual([])
  })
})

describe(`events that were lost prove nothing, ${SEEDS} times over`, () => {
  it.each(TRACES)('$name', async ({ lines }) => {
    const full = await foldText(joinTrace(lines))
    const wrong: string[] = []
    for (let seed = 1; seed <= SEEDS; seed++) {
      const less = randomLoss(lines, seed)
      for (const claim of less ? await contradictions(full, less) : []) wrong.push(`loss ${seed}: ${claim}`)
    }
    expect(wrong).toEqual([])
  })
})

describe(`lines that were damaged prove nothing, ${SEEDS} times over`, () => {
  it.each(TRACES)('$name', async ({ lines }) => {
    const full = await foldText(joinTrace(lines))
    const wrong: string[] = []
    for (let seed = 1; seed <= SEEDS; seed++)
      for (const claim of await contradictions(full, randomDamage(lines, seed))) wrong.push(`damage ${seed}: ${claim}`)
    expect(wrong).toEqual([])
  })
})

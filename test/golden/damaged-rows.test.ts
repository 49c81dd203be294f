/** Every row of traces of which a part is lost, unreadable, not recorded or saved apart. */
import { readFileSync } from 'node:fs'
import { describe, it } from 'vitest'
import { SCENARIO_NAMES } from '../../src/simulate/scenarios/index.ts'
import { simulatedLines } from '../simulate/properties.ts'
import { omissions, omit, randomDamage, randomLoss } from '../support/edits.ts'
import { foldLineByLine, foldText } from '../support/fold-file.ts'
import { foldApart } from '../support/fold-inputs.ts'
import { createDigests } from '../support/kept-rows.ts'
import { joinTrace, splitTrace, type TraceLine } from '../support/lines.ts'
import { FIXTURES, tracesIn } from '../support/real-traces.ts'
import { meaningText, rowText } from '../support/row-text.ts'
import { cutsOf, splitByCpu, splitByTime } from '../support/split.ts'

const SMALL = SCENARIO_NAMES.filter((name) => !name.endsWith('storm'))

const damaged = createDigests('damaged.txt')
const apart = createDigests('apart.txt')

interface Whole {
  name: string
  lines: () => readonly TraceLine[]
}

const real: Whole[] = tracesIn(FIXTURES).map(({ name, path }) => ({
  name,
  lines: () => splitTrace(readFileSync(path, 'utf8')),
}))
const simulated: Whole[] = SMALL.map((name, i) => ({ name, lines: () => simulatedLines(name, 500 + i) }))

describe.each([...real, ...simulated])('$name', ({ name, lines }) => {
  const keep = async (what: string, less: readonly TraceLine[] | null) => {
    const folded = await foldText(joinTrace(less ?? []))
    damaged.expectKept(`${name}, ${what}`, `${rowText(folded)}${meaningText(folded)}`)
  }

  it.each([1, 2, 3, 4])('lost %i', async (seed) => {
    // Each row is handed over whenever it changes.
    const folded = await foldLineByLine(joinTrace(randomLoss(lines(), seed) ?? []))
    damaged.expectKept(`${name}, lost ${seed}`, rowText(folded))
  })

  it.each([1, 2, 3])('unreadable %i', (seed) => keep(`unreadable ${seed}`, randomDamage(lines(), seed)))

  it('the last part alone', () => {
    const all = lines()
    return keep('the last part', all.slice(Math.round(all.length * 0.4)))
  })

  it('saved by CPU', async () => {
    apart.expectKept(`${name}, by CPU`, rowText(await foldApart(splitByCpu(lines()))))
  })

  it.each(['header', 'no header'] as const)('saved by time, the second part with %s', async (second) => {
    const all = lines()
    const at = cutsOf(all, 3)[1] ?? cutsOf(all, 1)[0]!
    apart.expectKept(`${name}, by time, ${second}`, rowText(await foldApart(splitByTime(all, at, second))))
  })
})

describe.each(SMALL)('%s without some kind of event', (name) => {
  const i = SMALL.indexOf(name)
  it.each([0, 1, 2, 3, 4, 5])('%i', async (k) => {
    const all = simulatedLines(name, 600 + i)
    const known = omissions(all)
    const omission = known[(i + 7 * k) % known.length]!
    const folded = await foldText(joinTrace(omit(all, omission)))
    damaged.expectKept(`${name}, without ${omission.name}`, rowText(folded))
  })
})

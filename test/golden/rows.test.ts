/**
 * Every row of every table, as it was when it was last looked at: what a change of the judgement changes shows here,
 * and all of it. `REVENANT_ROWS=update npx vitest run test/golden/rows` writes it anew, to be read as a diff.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'vitest'
import { parseProbes, SIMULATED_KINDS } from '../../src/simulate/print/evidence.ts'
import { SCENARIO_NAMES, type ScenarioName } from '../../src/simulate/scenarios/index.ts'
import { SIMULATION_DEFAULTS, type SimulationOptions, simulate } from '../../src/simulate/simulate.ts'
import { omissions, omit } from '../support/edits.ts'
import { foldFile, foldText } from '../support/fold-file.ts'
import { createDigests, expectKept } from '../support/kept-rows.ts'
import { joinTrace, splitTrace } from '../support/lines.ts'
import { FIXTURES, tracesIn } from '../support/real-traces.ts'
import { meaningText, rowText } from '../support/row-text.ts'

const LAYOUTS = fileURLToPath(new URL('../fixtures/layouts', import.meta.url))
const traces = tracesIn(FIXTURES)

describe('real traces', () => {
  for (const { name, path } of traces)
    it(name, async () => {
      const folded = await foldFile(path)
      expectKept(name, `${rowText(folded)}meaning\n${meaningText(folded)}`)
    })
})

describe('real traces without one kind of event', () => {
  const digests = createDigests('omitted.txt')
  for (const { name, path } of traces) {
    const lines = splitTrace(readFileSync(path, 'utf8'))
    for (const omission of omissions(lines))
      it(`${name} without ${omission.name}`, async () => {
        const folded = await foldText(joinTrace(omit(lines, omission)))
        digests.expectKept(`${name} without ${omission.name}`, rowText(folded))
      })
  }
})

describe('other layouts', () => {
  const digests = createDigests('layouts.txt')
  for (const name of readdirSync(LAYOUTS).filter((name) => name.endsWith('.txt')))
    it(name, async () => {
      const folded = await foldFile(join(LAYOUTS, name))
      digests.expectKept(name, `${rowText(folded)}${meaningText(folded)}`)
    })
})

describe('simulated traces', () => {
  const digests = createDigests('simulated.txt')
  type Variation = Partial<Omit<SimulationOptions, 'scenario' | 'seed'>>
  const lines = (scenario: ScenarioName, seed: number, variation: Variation = {}) =>
    simulate({ ...SIMULATION_DEFAULTS, scenario, seed, ...variation }).lines
  const keep = async (name: string, kept: readonly string[]) => {
    const folded = await foldText(Buffer.from(`${kept.join('\n')}\n`, 'latin1'), {}, { format: 'ftrace-text' })
    digests.expectKept(name, `${rowText(folded)}${meaningText(folded)}`)
  }

  for (const scenario of SCENARIO_NAMES) it(`whole: ${scenario}`, () => keep(scenario, lines(scenario, 11)))

  const small = SCENARIO_NAMES.filter((name) => !name.endsWith('storm'))
  for (const [i, scenario] of small.entries()) {
    it(`lost here and there: ${scenario}`, () =>
      keep(`${scenario}, bursts`, lines(scenario, 12, { loss: { how: 'bursts', share: 0.08 } })))

    it(`overwritten: ${scenario}`, () =>
      keep(`${scenario}, overwritten`, lines(scenario, 13, { loss: { how: 'overwritten', share: 0.35 } })))

    it(`saved too early: ${scenario}`, () => {
      const all = lines(scenario, 14)
      return keep(`${scenario}, cut`, all.slice(0, Math.round(all.length * (0.5 + (i % 5) / 10))))
    })

    for (const step of [0, 5, 10]) {
      const kind = SIMULATED_KINDS[(i + step) % SIMULATED_KINDS.length]!
      it(`without ${kind}: ${scenario}`, () =>
        keep(`${scenario}, without ${kind}`, lines(scenario, 15, { probes: parseProbes(`T3,-${kind}`)! })))
    }

    for (const part of ['return probes', 'entry probes', 'native events'])
      it(`without ${part}: ${scenario}`, () => {
        const split = splitTrace(lines(scenario, 16).join('\n'))
        const omission = omissions(split).find(({ name }) => name === part)!
        return keep(
          `${scenario}, without ${part}`,
          omit(split, omission).map(({ text }) => text),
        )
      })
  }
})

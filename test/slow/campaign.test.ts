/**
 * More than 6,500 simulated traces, and 2,500 more beside the oracle. The first seed is printed with each part; REVENANT_SEED sets another one, to look
 * where nobody has looked yet.
 */
import { describe, expect, it } from 'vitest'
import { parseProbes, SIMULATED_KINDS } from '../../src/simulate/print/evidence.ts'
import { SCENARIO_NAMES, type ScenarioName } from '../../src/simulate/scenarios/index.ts'
import { differences } from '../oracle/compare.ts'
import { judge } from '../oracle/oracle.ts'
import { campaign, judgeSimulated, type Variation } from '../simulate/campaign.ts'
import { disputed } from '../simulate/disputed.ts'

const FIRST = Number(process.env.REVENANT_SEED ?? 10_000)

function forEachScenario(
  what: string,
  count: number,
  run: (scenario: ScenarioName, first: number) => Promise<unknown>,
) {
  describe(`${what}: seeds ${FIRST} to ${FIRST + count - 1} of ${SCENARIO_NAMES.length} scenarios`, () => {
    for (const scenario of SCENARIO_NAMES)
      it(scenario, { timeout: 300_000 }, async () => {
        expect(await run(scenario, FIRST)).toEqual([])
      })
  })
}

/** What is lost or left out changes from seed to seed. */
async function varied(scenario: ScenarioName, first: number, count: number, variation: (seed: number) => Variation) {
  const wrong: string[] = []
  for (let seed = first; seed < first + count; seed++)
    wrong.push(...(await campaign(scenario, { first: seed, count: 1 }, variation(seed))))
  return wrong
}

forEachScenario('whole traces', 45, (scenario, first) => campaign(scenario, { first, count: 45 }))

forEachScenario('whole traces of other machines', 10, (scenario, first) =>
  varied(scenario, first, 10, (seed) => ({
    cpus: [1, 2, 16, 128][seed % 4]!,
    layout: (['ftrace', 'ftrace-tgid', 'trace-cmd', 'perf'] as const)[(seed >> 2) % 4]!,
    names: seed % 3 === 0 ? 'btf' : 'recipe',
  })),
)

forEachScenario('losses in bursts', 20, (scenario, first) =>
  varied(scenario, first, 20, (seed) => ({
    loss: { how: 'bursts', share: [0.01, 0.05, 0.15, 0.4][seed % 4]! },
    names: seed % 5 === 0 ? 'btf' : 'recipe',
  })),
)

forEachScenario('overwritten beginnings', 10, (scenario, first) =>
  varied(scenario, first, 10, (seed) => ({ loss: { how: 'overwritten', share: [0.1, 0.3, 0.6][seed % 3]! } })),
)

forEachScenario('kinds of evidence not recorded', SIMULATED_KINDS.length, (scenario, first) =>
  varied(scenario, first, SIMULATED_KINDS.length, (seed) => ({
    probes: parseProbes(`T3,-${SIMULATED_KINDS[(seed - first) % SIMULATED_KINDS.length]}`)!,
    loss: { how: 'bursts', share: seed % 2 === 0 ? 0 : 0.05 },
  })),
)

forEachScenario('the oracle and the engine on whole traces', 40, async (scenario, first) => {
  const wrong: string[] = []
  for (let seed = first; seed < first + 40; seed++) {
    const { simulation, folded } = await judgeSimulated(scenario, seed)
    const oracle = judge(`${simulation.lines.join('\n')}\n`)
    wrong.push(...differences(oracle, folded.findings).filter((one) => !disputed(scenario, one)))
  }
  return wrong
})

describe('storms', () => {
  for (const [seed, variation] of [
    [FIRST, { devices: 16, buffers: 8, importers: 4, cpus: 64, events: 60_000 }],
    [FIRST + 1, { devices: 4, buffers: 200, importers: 2, cpus: 8, events: 200_000 }],
    [FIRST + 2, { devices: 64, buffers: 3, importers: 3, cpus: 128, events: 100_000 }],
  ] as [number, Variation][])
    it(`seed ${seed}: ${JSON.stringify(variation)}`, { timeout: 300_000 }, async () => {
      const { folded, wrong } = await judgeSimulated('storm', seed, variation)
      expect(wrong).toEqual([])
      expect(folded.events).toBeGreaterThan(20_000)
    })
})

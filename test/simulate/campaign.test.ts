/** 500 simulated traces: the engine knows what was done. test/slow/campaign.test.ts has ten times as many. */
import { describe, expect, it } from 'vitest'
import { parseProbes, SIMULATED_KINDS } from '../../src/simulate/print/evidence.ts'
import { SCENARIO_NAMES } from '../../src/simulate/scenarios/index.ts'
import { differences } from '../oracle/compare.ts'
import { judge } from '../oracle/oracle.ts'
import { campaign, judgeSimulated } from './campaign.ts'
import { disputed } from './disputed.ts'

describe('whole traces, seeds 1 to 4', () => {
  for (const scenario of SCENARIO_NAMES)
    it(scenario, async () => {
      expect(await campaign(scenario, { first: 1, count: 4 })).toEqual([])
    })
})

describe('the oracle and the engine agree on whole traces, seed 5', () => {
  for (const scenario of SCENARIO_NAMES)
    it(scenario, async () => {
      const { simulation, folded, wrong } = await judgeSimulated(scenario, 5)
      expect(wrong).toEqual([])
      const oracle = judge(`${simulation.lines.join('\n')}\n`)
      expect(differences(oracle, folded.findings).filter((one) => !disputed(scenario, one))).toEqual([])
    })
})

describe('traces with losses, seeds 101 and 102: nothing false, no false all-clear', () => {
  for (const scenario of SCENARIO_NAMES)
    it(scenario, async () => {
      const bursts = { loss: { how: 'bursts', share: 0.08 } } as const
      const overwritten = { loss: { how: 'overwritten', share: 0.35 } } as const
      expect(await campaign(scenario, { first: 101, count: 1 }, bursts)).toEqual([])
      expect(await campaign(scenario, { first: 102, count: 1 }, overwritten)).toEqual([])
    })
})

describe('probes of somebody else and other layouts, seed 201', () => {
  for (const scenario of SCENARIO_NAMES)
    it(scenario, async () => {
      expect(await campaign(scenario, { first: 201, count: 1 }, { names: 'btf', layout: 'trace-cmd' })).toEqual([])
    })
})

describe('every layout tells the same, seed 202', () => {
  const layouts = ['ftrace-tgid', 'trace-cmd', 'perf'] as const
  for (const [i, scenario] of SCENARIO_NAMES.entries())
    it(scenario, async () => {
      expect(await campaign(scenario, { first: 202, count: 1 }, { layout: layouts[i % layouts.length]! })).toEqual([])
    })
})

describe('kinds of evidence that were not recorded, seed 301: nothing false, no false all-clear', () => {
  for (const kind of SIMULATED_KINDS)
    it(`without ${kind}`, async () => {
      const probes = parseProbes(`T3,-${kind}`)!
      for (const scenario of SCENARIO_NAMES.filter((_, i) => i % 4 === SIMULATED_KINDS.indexOf(kind) % 4))
        expect(await campaign(scenario, { first: 301, count: 1 }, { probes }), scenario).toEqual([])
    })
})

import { describe, expect, it } from 'vitest'
import { SCENARIO_NAMES } from '../../src/simulate/scenarios/index.ts'
import { contradictionsOf, differencesByName, differencesBySplit, simulatedLines } from '../simulate/properties.ts'

describe.each([401, 402, 403])('every scenario, seed %i', (seed) => {
  it.each(SCENARIO_NAMES)('names, numbers and noise change nothing: %s', async (scenario) => {
    expect(await differencesByName(simulatedLines(scenario, seed))).toEqual([])
  })

  it.each(SCENARIO_NAMES)('in several files: %s', async (scenario) => {
    expect(await differencesBySplit(simulatedLines(scenario, seed), 5)).toEqual([])
  })

  it.each(SCENARIO_NAMES)('what is missing neither accuses nor acquits: %s', async (scenario) => {
    expect(await contradictionsOf(scenario, simulatedLines(scenario, seed), 10)).toEqual([])
  })
})

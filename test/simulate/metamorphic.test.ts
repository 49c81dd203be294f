/** Changes of simulated traces that must change nothing, and losses that may only take away. */
import { describe, expect, it } from 'vitest'
import { SCENARIO_NAMES } from '../../src/simulate/scenarios/index.ts'
import { contradictionsOf, differencesByName, differencesBySplit, simulatedLines } from './properties.ts'

const sixth = (rest: number) => SCENARIO_NAMES.filter((_, i) => i % 6 === rest)

describe('names, numbers and noise change nothing, seed 401', () => {
  it.each(sixth(0))('%s', async (scenario) => {
    expect(await differencesByName(simulatedLines(scenario, 401))).toEqual([])
  })
})

describe('a recording in several files is the recording, seed 402', () => {
  it.each(sixth(1))('%s', async (scenario) => {
    expect(await differencesBySplit(simulatedLines(scenario, 402), 2)).toEqual([])
  })
})

describe('what is missing neither accuses nor acquits, seed 403', () => {
  it.each(sixth(2))('%s', async (scenario) => {
    expect(await contradictionsOf(scenario, simulatedLines(scenario, 403), 2)).toEqual([])
  })
})

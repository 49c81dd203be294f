/** Thousands of simulated traces, each judged by the engine and compared with what was acted out. */
import type { Format } from '../../ingest/layout.ts'
import type { LayoutName } from '../../src/simulate/print/layouts.ts'
import type { ScenarioName } from '../../src/simulate/scenarios/index.ts'
import {
  isComplete,
  SIMULATION_DEFAULTS,
  type Simulation,
  type SimulationOptions,
  simulate,
} from '../../src/simulate/simulate.ts'
import { type Folded, foldText } from '../support/fold-file.ts'
import { falseClaims, needlessDoubts, omissionsOf, wrongEpisodes, wrongVerdicts } from './compare.ts'
import { wrongRows } from './rows.ts'

export type Variation = Partial<Omit<SimulationOptions, 'scenario' | 'seed'>>

const FORMATS: Readonly<Record<LayoutName, Format>> = {
  ftrace: 'ftrace-text',
  'ftrace-tgid': 'ftrace-text',
  'trace-cmd': 'trace-cmd-report',
  perf: 'perf-script',
}

export interface Judged {
  simulation: Simulation
  folded: Folded
  /** What the engine got wrong. */
  wrong: string[]
}

/** Acts a scenario out, folds its trace, and says what of it is wrong. */
export async function judgeSimulated(scenario: ScenarioName, seed: number, variation: Variation = {}): Promise<Judged> {
  const options: SimulationOptions = { ...SIMULATION_DEFAULTS, ...variation, scenario, seed }
  const simulation = simulate(options)
  const text = Buffer.from(`${simulation.lines.join('\n')}\n`, 'latin1')
  const folded = await foldText(text, {}, { format: FORMATS[options.layout] })
  const wrong = isComplete(options)
    ? [
        ...falseClaims(simulation, folded),
        ...omissionsOf(simulation, folded),
        ...needlessDoubts(simulation, folded),
        ...wrongVerdicts(simulation, folded),
        ...wrongEpisodes(simulation, folded),
        ...wrongRows(simulation, folded, options.layout.startsWith('ftrace') ? 1000n : 1n),
      ]
    : [...falseClaims(simulation, folded), ...wrongVerdicts(simulation, folded, options)]
  return { simulation, folded, wrong }
}

/** `seed: what is wrong`, for each seed from `first` on. */
export async function campaign(
  scenario: ScenarioName,
  { first, count }: { first: number; count: number },
  variation: Variation = {},
): Promise<string[]> {
  const wrong: string[] = []
  for (let seed = first; seed < first + count; seed++)
    for (const one of (await judgeSimulated(scenario, seed, variation)).wrong) wrong.push(`seed ${seed}: ${one}`)
  return wrong
}

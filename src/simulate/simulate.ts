import { createSlab } from './kernel/addresses.ts'
import type { Machine } from './kernel/machine.ts'
import { BTF } from './print/btf.ts'
import { ALL_PROBES, isRecorded, type Probes } from './print/evidence.ts'
import { type LayoutName, SIMULATED_LAYOUTS } from './print/layouts.ts'
import { RECIPE } from './print/recipe.ts'
import { createRecording, type Loss, speakOnce } from './print/recording.ts'
import { createRandom } from './random.ts'
import { SCENARIOS, type ScenarioName } from './scenarios/index.ts'
import { createScheduler } from './scheduler.ts'
import { noteEnd } from './truth/mappings.ts'
import { createTruth, type Truth } from './truth/truth.ts'

/** Sets of probes, by the names that their events have. */
export const NAMES = { recipe: RECIPE, btf: BTF } as const
export type NamesOption = keyof typeof NAMES

export interface SimulationOptions {
  scenario: ScenarioName
  seed: number
  /** How many there are, where the scenario leaves it open. */
  buffers: number
  importers: number
  devices: number
  cpus: number
  /** About so many events; null for as many as the scenario takes. */
  events: number | null
  layout: LayoutName
  names: NamesOption
  probes: Probes
  loss: Loss
  /** Lines of CPUs out of step, as trace_pipe prints them. */
  disorder: boolean
  /** In how many captures the trace was saved, one after the other. */
  captures: number
}

export const SIMULATION_DEFAULTS: Omit<SimulationOptions, 'scenario' | 'seed'> = {
  buffers: 3,
  importers: 2,
  devices: 2,
  cpus: 4,
  events: null,
  layout: 'ftrace',
  names: 'recipe',
  probes: ALL_PROBES,
  loss: { how: 'bursts', share: 0 },
  disorder: false,
  captures: 1,
}

export interface Simulation {
  /** Lines of each capture, without line feeds. */
  captures: string[][]
  /** Lines of the first one. */
  lines: string[]
  truth: Truth
  /** Nanoseconds of the trace's clock when the simulation began: the truth's times count from there. */
  begin: bigint
}

const SECOND = 1_000_000_000n

/** Acts a scenario out and records it: the same options give the same trace, byte by byte, and the same truth. */
export function simulate(options: SimulationOptions): Simulation {
  const random = createRandom(options.seed)
  const begin = SECOND * BigInt(40 + random.below(200)) + BigInt(random.below(1e9))
  const scheduler = createScheduler(() => random.between(2e3, 40e3))
  const recording = createRecording({
    layout: SIMULATED_LAYOUTS[options.layout],
    vocabulary: NAMES[options.names],
    records: (what) => isRecorded(options.probes, what),
    begin,
    cpus: options.cpus,
    hash: options.names !== 'recipe',
    loss: options.loss,
    disorder: options.disorder,
    captures: options.captures,
    // Losses have chances of their own: they do not change what happens.
    random: createRandom(options.seed ^ 0x5bd1e995),
    now: () => scheduler.now,
  })
  const truth = createTruth()
  const m: Machine = {
    random,
    scheduler,
    recorder: recording,
    truth,
    slab: createSlab(random),
    spaces: new Map(),
    cpus: options.cpus,
    old: false,
    nextInode: 1 + random.below(30),
    nextPid: 160 + random.below(100),
    freePids: [],
    nextFence: 3 + random.below(9),
    buffers: new Set(),
    attachments: new Set(),
  }
  SCENARIOS[options.scenario].play(m, options)
  scheduler.run()
  noteEnd(m, m.attachments)
  speakOnce(m)
  const captures = recording.finish()
  return { captures, lines: captures[0]!, truth, begin }
}

/** Nothing is missing from the trace: everything was recorded, nothing was lost. */
export function isComplete({ probes, loss, captures }: SimulationOptions): boolean {
  return loss.share === 0 && captures === 1 && probes.functions && ALL_PROBES.kinds.size === probes.kinds.size
}

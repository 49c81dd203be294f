import { parseProbes } from '../simulate/print/evidence.ts'
import type { LayoutName } from '../simulate/print/layouts.ts'
import type { Loss } from '../simulate/print/recording.ts'
import type { ScenarioName } from '../simulate/scenarios/index.ts'
import { type NamesOption, SIMULATION_DEFAULTS, type SimulationOptions } from '../simulate/simulate.ts'
import { type SimulateOptions, UsageError } from './command.ts'

/** What the flags ask for, checked. */
export function simulationOptions(scenario: ScenarioName, options: SimulateOptions): SimulationOptions {
  const { layout, names, lose, loseHow } = options
  const loss: Loss = { how: loseHow as Loss['how'], share: shareOf(lose) }
  if (loss.share > 0 && layout === 'perf')
    throw new UsageError('simulate: perf script has no line for lost events; lose them in another layout')
  const probes = parseProbes(options.probes)
  if (probes === null)
    throw new UsageError(
      `simulate: --probes ${options.probes} is no tier (T0 to T3) and no list of kinds of evidence; -kind leaves one out, as in T3,-fences`,
    )
  return {
    ...SIMULATION_DEFAULTS,
    scenario,
    seed: whole('seed', options.seed, 0, 2 ** 31),
    buffers: whole('buffers', options.buffers, 1, 10_000),
    importers: whole('importers', options.importers, 0, 64),
    devices: whole('devices', options.devices, 1, 512),
    cpus: whole('cpus', options.cpus, 1, 512),
    events: options.events === undefined ? null : whole('events', options.events, 1, 20_000_000),
    captures: whole('captures', options.captures, 1, 100),
    layout: layout as LayoutName,
    names: names as NamesOption,
    disorder: options.disorder === true,
    probes,
    loss,
  }
}

function whole(flag: string, text: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new UsageError(`simulate: --${flag} ${text} is no whole number from ${least} to ${most}`)
}

/** `5%`, `5` and `0.5%`: percent of all events. */
function shareOf(text: string): number {
  const found = /^(\d{1,3}(?:\.\d{1,6})?)%?$/.exec(text)
  const percent = found ? Number(found[1]) : Number.NaN
  if (percent >= 0 && percent < 100) return percent / 100
  throw new UsageError(`simulate: --lose ${text} is no share of the events, such as 5%`)
}

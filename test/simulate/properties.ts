/** What must hold of every simulated trace, whatever happens in it: what of it does not, a line each. */
import type { ScenarioName } from '../../src/simulate/scenarios/index.ts'
import { SIMULATION_DEFAULTS, simulate } from '../../src/simulate/simulate.ts'
import { contradictions, falseAllClears, newClaims } from '../support/claims.ts'
import { omissions, omit, randomDamage, randomLoss } from '../support/edits.ts'
import { foldText } from '../support/fold-file.ts'
import { foldApart } from '../support/fold-inputs.ts'
import { HARMLESS_EDITS } from '../support/harmless-edits.ts'
import { joinTrace, splitTrace, type TraceLine } from '../support/lines.ts'
import { shapeOf } from '../support/shape.ts'
import { cutsOf, isUnbroken, splitByCpu, splitByTime } from '../support/split.ts'

export function simulatedLines(scenario: ScenarioName, seed: number): TraceLine[] {
  return splitTrace(`${simulate({ ...SIMULATION_DEFAULTS, scenario, seed }).lines.join('\n')}\n`)
}

/** Names, numbers, times and noise that make a difference. */
export async function differencesByName(lines: readonly TraceLine[]): Promise<string[]> {
  const full = JSON.stringify(shapeOf(await foldText(joinTrace(lines))), spelt)
  const wrong: string[] = []
  for (const [name, { edit, former }] of Object.entries(HARMLESS_EDITS))
    if (JSON.stringify(shapeOf(await foldText(joinTrace(edit(lines))), former), spelt) !== full) wrong.push(name)
  return wrong
}

/** Splits of the trace into files that make a difference when these are merged, beyond what nobody can know then. */
export async function differencesBySplit(lines: readonly TraceLine[], cuts: number): Promise<string[]> {
  const full = await foldText(joinTrace(lines))
  const whole = JSON.stringify(shapeOf(full), spelt)
  const wrong: string[] = []
  const parts = splitByCpu(lines)
  const merged = await foldApart(parts)
  if (isUnbroken(parts) && JSON.stringify(shapeOf(merged), spelt) !== whole) wrong.push('by CPU')
  for (const at of cutsOf(lines, cuts)) {
    const rest = await foldApart(splitByTime(lines, at, 'no header'))
    if (JSON.stringify(shapeOf(rest), spelt) !== whole) wrong.push(`before line ${at}`)
    const less = await foldApart(splitByTime(lines, at, 'header'))
    for (const one of [...newClaims(full, less), ...falseAllClears(full, less, true)])
      wrong.push(`saved apart before line ${at}: ${one}`)
  }
  return wrong
}

/** What is said of less than the whole trace and the whole one does not bear out. */
export async function contradictionsOf(
  scenario: ScenarioName,
  lines: readonly TraceLine[],
  seeds: number,
): Promise<string[]> {
  const full = await foldText(joinTrace(lines))
  const wrong: string[] = []
  const note = async (what: string, less: readonly TraceLine[] | null) => {
    for (const one of less ? await contradictions(full, less) : []) wrong.push(`${what}: ${one}`)
  }
  for (const omission of omissions(lines)) await note(`without ${omission.name}`, omit(lines, omission))
  for (let seed = 1; seed <= seeds; seed++) {
    await note(`loss ${seed}`, randomLoss(lines, seed))
    await note(`damage ${seed}`, randomDamage(lines, seed))
  }
  return wrong.filter((one) => !KNOWN.some((known) => known.scenario === scenario && known.pattern.test(one)))
}

/** What the engine does get wrong, each for want of one probe of a pair. */
const KNOWN: readonly { why: string; scenario: ScenarioName; pattern: RegExp }[] = [
  {
    why: 'mappings of a released buffer do not count in later resets; without the release they do',
    scenario: 'released-while-attached',
    pattern: /^without entry probes: reset-while-mapped/,
  },
  {
    why: 'without the entries of moves a fence is charged to the wrong reset',
    scenario: 'storm',
    pattern: /^without (?:event vfiodb_move|probes of vfio_pci_dma_buf_move): late-fence/,
  },
]

function spelt(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

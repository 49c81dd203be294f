/** Acts a scenario out and writes the trace of it, and what was true. */
import { closeSync, existsSync, openSync, writeSync } from 'node:fs'
import { isScenario, SCENARIO_NAMES, SCENARIOS } from '../simulate/scenarios/index.ts'
import { type SimulationOptions, simulate } from '../simulate/simulate.ts'
import { truthDocument } from '../simulate/truth/document.ts'
import { Exit, type Run, type SimulateOptions, UsageError } from './command.ts'
import { simulationOptions } from './simulation-options.ts'
import { writeAll } from './write-all.ts'

export const run: Run<SimulateOptions> = async ([name], options, io) => {
  if (options.list) {
    await writeAll(listed(options.format === 'json'), io)
    return Exit.done
  }
  if (options.format !== 'table') throw new UsageError(`simulate: what it writes is a trace, not ${options.format}`)
  if (name === undefined || !isScenario(name))
    throw new UsageError(
      `simulate: ${name === undefined ? 'no scenario was given' : `there is no scenario "${name}"`}; see: revenant simulate --list`,
    )
  const asked = simulationOptions(name, options)
  if (asked.captures > 1 && options.output === undefined)
    throw new UsageError('simulate: --captures writes several files; give their name as --output')
  for (const path of [options.output, options.truth])
    if (path !== undefined && existsSync(path)) throw new UsageError(isThere(path))
  const simulation = simulate(asked)
  if (options.output === undefined) await writeAll(textOf(simulation.captures[0]!), io)
  else for (const [i, lines] of simulation.captures.entries()) writeNew(nameOf(options.output, i, asked), textOf(lines))
  if (options.truth !== undefined) {
    const document = truthDocument(options.output ?? '-', asked, simulation)
    writeNew(options.truth, [`${JSON.stringify(document, null, 1)}\n`])
  }
  if (!options.quiet) io.stderr.write(`${summary(asked, simulation.captures)}\n`)
  return io.signal.aborted ? Exit.interrupted : Exit.done
}

const LINES_AT_ONCE = 4096

function* textOf(lines: readonly string[]): Generator<string> {
  for (let i = 0; i < lines.length; i += LINES_AT_ONCE) yield `${lines.slice(i, i + LINES_AT_ONCE).join('\n')}\n`
}

/** `trace.txt` becomes `trace-1.txt`, `trace-2.txt` where there are several. */
function nameOf(output: string, i: number, { captures }: SimulationOptions): string {
  return captures === 1 ? output : output.replace(/(\.[^./]*)?$/, `-${i + 1}$1`)
}

/** Nothing that is there is written over. */
function writeNew(path: string, pieces: Iterable<string>): void {
  let file: number
  try {
    file = openSync(path, 'wx')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new UsageError(code === 'EEXIST' ? isThere(path) : `simulate: ${message}`)
  }
  try {
    for (const piece of pieces) writeSync(file, piece)
  } finally {
    closeSync(file)
  }
}

function isThere(path: string): string {
  return `simulate: ${path} is there already; name a file that is not`
}

function summary({ scenario, seed }: SimulationOptions, captures: readonly string[][]): string {
  const lines = captures.reduce((sum, one) => sum + one.length, 0)
  return `${scenario}, seed ${seed}: ${lines} lines`
}

function* listed(json: boolean): Generator<string> {
  const all = SCENARIO_NAMES.map((name) => ({ name, of: SCENARIOS[name].of, summary: SCENARIOS[name].summary }))
  if (json) yield `${JSON.stringify(all, null, 1)}\n`
  else for (const { name, of, summary } of all) yield `${name.padEnd(26)} ${of.padEnd(9)} ${summary}\n`
}

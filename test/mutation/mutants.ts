/** The mutants of `src/domain`: StrykerJS makes them, all at once, each behind a switch of its number. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Instrumenter } from '@stryker-mutator/instrumenter'
import { WORDING } from './wording.ts'

export const ROOT = join(import.meta.dirname, '..', '..')
const DOMAIN = join(ROOT, 'src', 'domain')

export interface Mutant {
  id: number
  /** From the root of the project. */
  file: string
  /** Counts from 1. */
  line: number
  /** The name of Stryker's mutator, as `EqualityOperator`. */
  mutator: string
  original: string
  replacement: string
}

export interface Mutated {
  mutants: Mutant[]
  /** Mutants that are not run, since only the wording of a message would change. */
  wording: number
  /** Source by absolute path, with all mutants in it. */
  sources: Map<string, string>
}

const silent = () => {}
const logger = {
  isTraceEnabled: () => false,
  isDebugEnabled: () => false,
  isInfoEnabled: () => false,
  isWarnEnabled: () => false,
  isErrorEnabled: () => false,
  isFatalEnabled: () => false,
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
  fatal: silent,
}

/** Instruments every file of the domain, or those whose path has `part` in it. */
export async function mutateDomain(part: string): Promise<Mutated> {
  const files = (readdirSync(DOMAIN, { recursive: true }) as string[])
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(DOMAIN, name))
    .filter((path) => path.includes(part))
    .sort()
    .map((name) => ({ name, mutate: true, content: readFileSync(name, 'utf8') }))
  const done = await new Instrumenter(logger).instrument(files, {
    plugins: null,
    excludedMutations: [],
    ignorers: [WORDING],
  })
  const lines = new Map(files.map(({ name, content }) => [name, content.split('\n')]))
  const run = done.mutants.filter(({ status }) => status !== 'Ignored')
  return {
    mutants: run.map(({ id, fileName, location, mutatorName, replacement }) => ({
      id: Number(id),
      file: fileName.slice(ROOT.length + 1),
      line: location.start.line + 1,
      mutator: mutatorName,
      original: textBetween(lines.get(fileName)!, location.start, location.end),
      replacement: replacement ?? '',
    })),
    wording: done.mutants.length - run.length,
    sources: new Map(done.files.map(({ name, content }) => [name, withSwitches(content)])),
  }
}

/** Code as it stands in lists. */
export function oneLine(code: string): string {
  return code.replaceAll(/\s+/g, ' ')
}

interface Position {
  line: number
  column: number
}

function textBetween(lines: readonly string[], start: Position, end: Position): string {
  const text = lines.slice(start.line, end.line + 1)
  text[text.length - 1] = text.at(-1)!.slice(0, end.column)
  text[0] = text[0]!.slice(start.column)
  return text.join('\n')
}

/** Stryker asks by function calls, which cost most of the time of a run: a number is compared in place instead. */
function withSwitches(content: string): string {
  return content
    .replace(/^[\s\S]*?function stryMutAct_9fa48\(id\) \{[\s\S]*?\n\}\n/, '')
    .replace(/stryMutAct_9fa48\("(\d+)"\)/g, '(__mutant === $1 && __hit())')
    .replace(/stryCov_9fa48\(([^)]*)\)/g, (_, ids: string) => `(__cover && __cover(${ids.replaceAll('"', '')}))`)
}

/** What a run has shown: a page for people, and the list of what lives. */
import { EXPLANATIONS, explain } from './explained.ts'
import type { Mutant } from './mutants.ts'
import type { Result } from './run-mutants.ts'

export interface Run {
  results: readonly Result[]
  wording: number
  tests: number
  minutes: number
}

const isAlive = ({ status }: Result) => status === 'survived' || status === 'not reached'
const percent = (part: number, whole: number) => (whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`)

/** Killed of all that were run, in percent. */
export function score(results: readonly Result[]): number {
  return (100 * results.filter((one) => !isAlive(one)).length) / results.length
}

/** The tables of docs/mutation.md. */
export function tables({ results, wording, tests, minutes }: Run): string {
  const alive = results.filter(isAlive)
  const reasons = EXPLANATIONS.map(
    (one) => [one, alive.filter(({ mutant }) => explain(mutant) === one).length] as const,
  )
  const rest = alive.filter(({ mutant }) => explain(mutant) === null)
  const unreached = rest.filter(({ status }) => status === 'not reached').length
  return [
    `${results.length} mutants against ${tests} tests in ${minutes.toFixed(0)} minutes: **${score(results).toFixed(1)} % killed**. ${wording} more would have changed wording alone and were not run.`,
    table(
      ['folder', 'mutants', 'killed', 'too slow', 'alive', 'not reached', 'score'],
      [...Map.groupBy(results, ({ mutant }) => folderOf(mutant.file))].map(([folder, own]) => [
        `\`${folder}\``,
        ...counts(own),
      ]),
    ),
    table(
      ['why it lives', 'kind', 'mutants'],
      [
        ...reasons.map(([{ why, kind }, count]) => [why, kind, String(count)]),
        ['no test passes it', 'a case is missing', String(unreached)],
        [
          'a test passes it and asserts nothing that it changes',
          'an assertion is missing',
          String(rest.length - unreached),
        ],
      ],
    ),
  ].join('\n\n')
}

function counts(own: readonly Result[]): string[] {
  const of = (status: Result['status']) => own.filter((one) => one.status === status).length
  const killed = of('killed') + of('timeout')
  return [own.length, of('killed'), of('timeout'), of('survived'), of('not reached')]
    .map(String)
    .concat(percent(killed, own.length))
}

const folderOf = (file: string) => file.split('/').slice(0, -1).join('/')

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** One line for each that lives: where, which mutator, what it made of what, and why that may be. */
export function survivors(results: readonly Result[]): string {
  return results
    .filter(isAlive)
    .map(({ mutant, status }) => {
      const why = explain(mutant)?.kind ?? (status === 'not reached' ? 'no case' : 'no assertion')
      return `${mutant.file}:${mutant.line} ${mutant.mutator} [${why}] ${change(mutant)}\n`
    })
    .join('')
}

/** The mutants that such a list names; lines may have moved since. */
export function listed(mutants: readonly Mutant[], list: string): Mutant[] {
  const names = new Set(list.split('\n').map((line) => line.replace(/:\d+ (\w+) \[.*?\] /, ' $1 ')))
  return mutants.filter((mutant) => names.has(`${mutant.file} ${mutant.mutator} ${change(mutant)}`))
}

const change = ({ original, replacement }: Mutant) => `${short(original)} → ${short(replacement)}`

const short = (code: string) => {
  const text = code.replaceAll(/\s+/g, ' ')
  return text.length > 100 ? `${text.slice(0, 99)}…` : text
}

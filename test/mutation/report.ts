/** What a run has shown: a page for people, and the list of what lives. */
import { explain } from './explained.ts'
import { type Mutant, oneLine } from './mutants.ts'
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
  return [
    `${results.length} mutants against ${tests} tests in ${minutes.toFixed(0)} minutes: **${score(results).toFixed(1)} % killed**. ${wording} more would have changed wording alone and were not run.`,
    table(
      ['folder', 'mutants', 'killed', 'too slow', 'alive', 'not reached', 'score'],
      [...Map.groupBy(results, ({ mutant }) => folderOf(mutant.file))].map(([folder, own]) => [
        `\`${folder}\``,
        ...counts(own),
      ]),
    ),
    whyTable(results),
  ].join('\n\n')
}

/** How many live, by the kind of their reasons. */
export function whyTable(results: readonly Result[]): string {
  const alive = Map.groupBy(results.filter(isAlive), (one) => reason(one).kind)
  const most = [...alive].sort(([, a], [, b]) => b.length - a.length)
  return table(
    ['why it lives', 'mutants'],
    most.map(([kind, own]) => [kind, String(own.length)]),
  )
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

/** One line for each that lives: where, which mutator, and what it made of what; the reason stands above those that share it. */
export function survivors(results: readonly Result[]): string {
  let above = ''
  return results
    .filter(isAlive)
    .map((one) => {
      const { kind, why } = reason(one)
      const heading = `\n# ${kind}: ${why}\n`
      const { mutant } = one
      const line = `${mutant.file}:${mutant.line} ${mutant.mutator} ${change(mutant)}\n`
      if (heading === above) return line
      above = heading
      return heading + line
    })
    .join('')
}

function reason({ mutant, status }: Result): { kind: string; why: string } {
  if (status === 'not reached') return explain(mutant) ?? { kind: 'no case', why: 'no test passes it' }
  return explain(mutant) ?? { kind: 'no assertion', why: 'a test passes it and asserts nothing that it changes' }
}

/** Such a list as results again, for reasons that came since. Code is as short as it stands there. */
export function readSurvivors(list: string): Result[] {
  let status: Result['status'] = 'survived'
  return list.split('\n').flatMap((line): Result[] => {
    if (line.startsWith('# ')) status = line.startsWith('# no case') ? 'not reached' : 'survived'
    const [, file, number, mutator, original, replacement] = /^(\S+):(\d+) (\w+) (.*?) → (.*)$/.exec(line) ?? []
    if (file === undefined) return []
    const mutant = {
      id: 0,
      file,
      line: Number(number),
      mutator: mutator!,
      original: original!,
      replacement: replacement!,
    }
    return [{ mutant, status }]
  })
}

/** The mutants that such a list names; lines may have moved since. */
export function listed(mutants: readonly Mutant[], list: string): Mutant[] {
  const names = new Set(list.split('\n').map((line) => line.replace(/:\d+ /, ' ')))
  return mutants.filter((mutant) => names.has(`${mutant.file} ${mutant.mutator} ${change(mutant)}`))
}

const change = ({ original, replacement }: Mutant) => `${short(original)} → ${short(replacement)}`

const short = (code: string) => {
  const text = oneLine(code)
  return text.length > 100 ? `${text.slice(0, 99)}…` : text
}

/** Why a mutant may live: the first that fits counts. What none fits lacks an assertion, and is work to do. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Mutant, oneLine } from './mutants.ts'

/**
 * - `equivalent`, `performance`: nothing that a fold says can tell.
 * - `guard`: holds where a trace lacks an event; no test lacks it there.
 * - `damage`: tells the kernel's text from what damage alone makes.
 * - `untested`: a situation that has no test.
 */
const KINDS = ['equivalent', 'performance', 'guard', 'damage', 'untested'] as const

export interface Explanation {
  kind: (typeof KINDS)[number]
  why: string
  fits(mutant: Mutant): boolean
}

/** `<` for `<=` and the like. */
function movesBoundary({ mutator, original, replacement }: Mutant): boolean {
  const strict = (text: string) => text.replaceAll(/([<>])=/g, '$1').replaceAll(/\s+/g, ' ')
  return mutator === 'EqualityOperator' && strict(original) === strict(replacement)
}

const RULES: readonly Explanation[] = [
  {
    kind: 'equivalent',
    why: 'numbers of two different events are never equal, so that `<` and `<=` between them say the same',
    fits: (mutant) => movesBoundary(mutant) && /\bseq\b/.test(mutant.original),
  },
  {
    kind: 'performance',
    why: 'how a mapping is filed, by block or as a wide one, decides how many are looked at: each is asked whether it covers the address',
    fits: ({ file, original }) => file.endsWith('world/mapping-index.ts') && /WIDE|KEPT/.test(original),
  },
  {
    kind: 'guard',
    why: '`?.` keeps the fold from throwing where an event that usually came before is not in the trace; no test has a trace without it at this place',
    fits: ({ mutator }) => mutator === 'OptionalChaining',
  },
]

/** A text of at least this many characters may be a part of the mutated code; a shorter one is all of it. */
const PART = 12

/** Of single places, a line each: the file, text of the mutated code, the kind, and the reason; between tabs. */
const PLACES = readFileSync(join(import.meta.dirname, 'reasons.tsv'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line): Explanation => {
    const [path = '', text = '', kind = '', why = ''] = line.split('\t')
    const known = KINDS.find((one) => one === kind)
    if (!known || why === '') throw new Error(`reasons.tsv: no kind or no reason in "${line}"`)
    const has = (code: string) => (text.length < PART ? code === text : code.includes(text))
    return { kind: known, why, fits: ({ file, original }) => file === path && has(oneLine(original)) }
  })

const EXPLANATIONS = [...RULES, ...PLACES]

export function explain(mutant: Mutant): Explanation | null {
  return EXPLANATIONS.find(({ fits }) => fits(mutant)) ?? null
}

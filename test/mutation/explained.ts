/** Why a mutant may live: rules, the first that fits counts. What none fits lacks an assertion, and is work to do. */
import type { Mutant } from './mutants.ts'

export interface Explanation {
  kind: 'equivalent' | 'guard' | 'performance'
  why: string
  fits(mutant: Mutant): boolean
}

/** `<` for `<=` and the like. */
function movesBoundary({ mutator, original, replacement }: Mutant): boolean {
  const strict = (text: string) => text.replaceAll(/([<>])=/g, '$1').replaceAll(/\s+/g, ' ')
  return mutator === 'EqualityOperator' && strict(original) === strict(replacement)
}

export const EXPLANATIONS: readonly Explanation[] = [
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

export function explain(mutant: Mutant): Explanation | null {
  return EXPLANATIONS.find(({ fits }) => fits(mutant)) ?? null
}

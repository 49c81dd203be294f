/** Why a mutant may live: rules, the first that fits counts. What none fits lacks an assertion, and is work to do. */
import type { Mutant } from './mutants.ts'

export interface Explanation {
  kind: 'equivalent' | 'defensive' | 'performance'
  why: string
  fits(mutant: Mutant): boolean
}

const boundary = ({ mutator, original, replacement }: Mutant) =>
  mutator === 'EqualityOperator' && /[<>]/.test(original) && replacement.replace(/([<>])=?/, '$1') === bare(original)

const bare = (comparison: string) => comparison.replace(/([<>])=?/, '$1')

export const EXPLANATIONS: readonly Explanation[] = [
  {
    kind: 'equivalent',
    why: 'No two events have the same number, so that `<` and `<=` between numbers of different events are the same.',
    fits: (mutant) => boundary(mutant) && /\bseq\b/.test(mutant.original),
  },
  {
    kind: 'equivalent',
    why: 'The default of an optional chain in a comparison: `undefined` and `null` compare alike to what is sought.',
    fits: ({ mutator, original, replacement }) =>
      mutator === 'LogicalOperator' && /\?\? null$/.test(original) && /&& null$/.test(replacement) && false,
  },
  {
    kind: 'defensive',
    why: 'The types allow that nothing is there, and no order of events in which it is absent at this place is known: `?.` guards against an exception on traces that nobody has seen.',
    fits: ({ mutator }) => mutator === 'OptionalChaining',
  },
  {
    kind: 'performance',
    why: '`world/mapping-index.ts` and the caches of `recognise/` only decide how much is looked at; the result is filtered again.',
    fits: ({ file, original }) => file.endsWith('mapping-index.ts') && /buckets|size|length/.test(original),
  },
]

export function explain(mutant: Mutant): Explanation | null {
  return EXPLANATIONS.find(({ fits }) => fits(mutant)) ?? null
}

import type { Coverage } from './coverage.ts'
import type { Mutant } from './mutants.ts'
import type { Work } from './worker.ts'

/** Milliseconds of tests that a mutant gets, beginning with those that are likely to kill it; then the quick ones are left. */
const ENOUGH = 1200
/** A test that takes no longer, in milliseconds, is quick: all of these are tried. */
const QUICK = 2
/** What a test did to mutants of other files counts as much less. */
const ELSEWHERE = 0.1

export interface Planner {
  isReached(mutant: Mutant): boolean
  plan(mutant: Mutant): Work
  /** Tests that killed mutants of a file are tried first on the next one, those that did not later. */
  learn(work: Work, killedBy: number | null): void
}

/** How often a test was tried on mutants, and killed them. */
interface Tally {
  tried: number
  killed: number
}

export function createPlanner({ took, tests, loading }: Coverage, mutants: readonly Mutant[]): Planner {
  const all = took.map((_, test) => test)
  const fileOf = new Map(mutants.map(({ id, file }) => [id, file]))
  const reaching = new Map<string, Set<number>>()
  for (const { id, file } of mutants) {
    const known = reaching.get(file) ?? new Set()
    for (const test of tests.get(id) ?? []) known.add(test)
    reaching.set(file, known)
  }
  const everywhere: Tally[] = all.map(() => ({ tried: 0, killed: 0 }))
  const byFile = new Map<string, Tally[]>()
  const recordsOf = (file: string) => {
    const known = byFile.get(file) ?? all.map(() => ({ tried: 0, killed: 0 }))
    byFile.set(file, known)
    return known
  }
  return {
    isReached: ({ id }) => loading.has(id) || tests.has(id),
    plan({ id, file }) {
      const fresh = loading.has(id)
      const near = reaching.get(file)!
      const here = recordsOf(file)
      // Milliseconds that a kill is likely to cost.
      const costs = all.map((test) => {
        const killed = here[test]!.killed + ELSEWHERE * everywhere[test]!.killed
        const tried = here[test]!.tried + ELSEWHERE * everywhere[test]!.tried
        return (took[test]! + 0.2) / ((killed + 0.05) / (tried + 1))
      })
      // A constant is read by the functions of its file, or the file has nothing but constants.
      const passing = fresh ? (near.size > 0 ? [...near] : all) : (tests.get(id) ?? [])
      const order = passing.toSorted((a, b) => costs[a]! - costs[b]!)
      let spent = 0
      const tried = order.filter((test) => {
        spent += took[test]!
        return spent < ENOUGH || took[test]! <= QUICK
      })
      return { mutant: id, fresh, tests: tried }
    },
    learn({ mutant, tests: tried }, killedBy) {
      if (killedBy !== null && killedBy < 0) return
      for (const records of [recordsOf(fileOf.get(mutant)!), everywhere])
        for (const test of tried) {
          records[test]!.tried++
          if (test !== killedBy) continue
          records[test]!.killed++
          break
        }
    },
  }
}

import type { Coverage } from './coverage.ts'
import type { Mutant } from './mutants.ts'
import type { Work } from './worker.ts'

/** Milliseconds of tests that a mutant gets: the quick ones and those that are likely to kill it come first. */
const ENOUGH = 1500

export interface Planner {
  plan(mutant: Mutant): Work
  /** Tests that killed a mutant of a file are tried first on the next one. */
  learn(mutant: Mutant, killedBy: number | null): void
}

export function createPlanner({ took, tests, loading }: Coverage, mutants: readonly Mutant[]): Planner {
  const all = took.map((_, test) => test)
  const reaching = new Map<string, Set<number>>()
  for (const { id, file } of mutants) {
    const known = reaching.get(file) ?? new Set()
    for (const test of tests.get(id) ?? []) known.add(test)
    reaching.set(file, known)
  }
  const kills = new Map<string, Map<number, number>>()
  return {
    plan({ id, file }) {
      const fresh = loading.has(id)
      const near = reaching.get(file)!
      const killed = kills.get(file)
      // Milliseconds that a kill is likely to cost.
      const cost = (test: number) => took[test]! / (1 + 20 * (killed?.get(test) ?? 0))
      // A constant is read by the functions of its file, or the file has nothing but constants.
      const passing = fresh ? (near.size > 0 ? [...near] : all) : (tests.get(id) ?? [])
      const order = passing.toSorted((a, b) => cost(a) - cost(b))
      let spent = 0
      const tried = order.findIndex((test) => {
        spent += took[test]!
        return spent > ENOUGH
      })
      return { mutant: id, fresh, tests: tried < 0 ? order : order.slice(0, tried) }
    },
    learn({ file }, killedBy) {
      if (killedBy === null || killedBy < 0) return
      const killed = kills.get(file) ?? new Map<number, number>()
      killed.set(killedBy, (killed.get(killedBy) ?? 0) + 1)
      kills.set(file, killed)
    },
  }
}

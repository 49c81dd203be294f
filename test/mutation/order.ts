import type { Coverage } from './coverage.ts'
import type { Mutant } from './mutants.ts'
import type { Work } from './worker.ts'

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
      return { mutant: id, fresh, tests: order }
    },
    learn({ file }, killedBy) {
      if (killedBy === null || killedBy < 0) return
      const killed = kills.get(file) ?? new Map<number, number>()
      killed.set(killedBy, (killed.get(killedBy) ?? 0) + 1)
      kills.set(file, killed)
    },
  }
}

/** Which tests pass which mutants, and how long each takes. */
import { createLoader, type Loaded } from './loaded.ts'

export interface Coverage {
  names: string[]
  /** Milliseconds, by test. */
  took: number[]
  /** Tests that pass a mutant, by mutant. */
  tests: Map<number, number[]>
  /** Mutants that are passed while modules load: no test can be told to pass them or not. */
  loading: Set<number>
}

/** Runs all tests once without a mutant; throws where one fails. */
export async function cover(code: string): Promise<Coverage> {
  let passed = new Set<number>()
  const loaded = createLoader(code, (...mutants) => {
    for (const mutant of mutants) passed.add(mutant)
  }).load(-1)
  const loading = passed
  const tests = new Map<number, number[]>()
  for (const [number, { name }] of loaded.tests.entries()) {
    passed = new Set()
    await loaded.run(number, -1).catch((error) => {
      throw new Error(`"${name}" fails without a mutant: run vitest, and mend it first`, { cause: error })
    })
    for (const mutant of passed) {
      const all = tests.get(mutant) ?? []
      all.push(number)
      tests.set(mutant, all)
    }
  }
  return { names: loaded.tests.map(({ name }) => name), took: await time(createLoader(code).load(-1)), tests, loading }
}

/** The least of three runs: what else the machine does is not the test's. */
async function time({ tests, run }: Loaded): Promise<number[]> {
  const took = tests.map(() => Number.POSITIVE_INFINITY)
  for (let pass = 0; pass < 3; pass++)
    for (const number of tests.keys()) {
      const start = performance.now()
      await run(number, -1)
      took[number] = Math.min(took[number]!, performance.now() - start)
    }
  return took
}

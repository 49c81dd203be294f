/** The bundled suite, evaluated: its tests, and the switch of its mutants. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Script } from 'node:vm'
import fc from 'fast-check'
import { ROOT } from './mutants.ts'
import { collectTests, type Test } from './suite.ts'

/** A mutant that is passed more often than this within one test keeps a loop from ending. */
const MOST_HITS = 1_000_000

export interface Loaded {
  tests: Test[]
  /** Runs a test; throws what it throws. */
  run(test: number, mutant: number): Promise<void>
}

export interface Loader {
  /** Evaluates the bundle anew, with this mutant from its first line on; -1 is none. Throws what the bundle throws. */
  load(mutant: number): Loaded
}

type Switch = (mutant: number) => void

/** `cover`, where given, hears the numbers of all mutants that are passed. */
export function createLoader(code: string, cover?: (...mutants: number[]) => void): Loader {
  const body = `(function (require, __hit, __cover, __mutant, __take) {\n__take((m) => { __mutant = m });${code}\n})`
  const evaluate = new Script(body).runInThisContext() as (...args: unknown[]) => void
  const require = createRequire(join(ROOT, 'package.json'))
  // The same cases for each mutant.
  fc.configureGlobal({ seed: 1 })
  return {
    load(mutant) {
      const { tests, vitest } = collectTests()
      let hits = 0
      let turn: Switch = () => {}
      const hit = () => {
        if (++hits > MOST_HITS) throw new Error(`mutant ${mutant} was passed ${hits} times in one test`)
        return true
      }
      evaluate(
        (name: string) => (name === 'vitest' ? vitest : require(name)),
        hit,
        cover,
        mutant,
        (given: Switch) => {
          turn = given
        },
      )
      return {
        tests,
        async run(test, active) {
          hits = 0
          turn(active)
          await tests[test]!.run()
        },
      }
    },
  }
}

/** Stands in for `vitest` in the bundle: collects the tests as functions that can be called again and again. */
import { expect } from 'vitest'

export interface Test {
  name: string
  run: () => unknown
}

type Body = (...args: never[]) => unknown

export interface Collected {
  tests: Test[]
  /** What the bundle gets where it imports `vitest`. */
  vitest: object
}

export function collectTests(): Collected {
  const tests: Test[] = []
  const titles: string[] = []
  const describe = (title: string, body: () => unknown) => {
    titles.push(title)
    body()
    titles.pop()
  }
  const test = (title: string, run: () => unknown) => {
    tests.push({ name: [...titles, title].join(' › '), run })
  }
  const it = withVariants(test)
  return { tests, vitest: { expect, describe: withVariants(describe), it, test: it } }
}

type Register = (title: string, body: () => unknown) => void

function withVariants(register: Register) {
  const each = (rows: readonly unknown[]) => (title: string, body: Body) => {
    for (const [number, row] of rows.entries()) {
      const args = (Array.isArray(row) ? row : [row]) as never[]
      register(`${title} #${number + 1}`, () => body(...args))
    }
  }
  const skipIf = (skipped: boolean) =>
    skipped ? Object.assign(() => {}, { each: () => () => {} }) : Object.assign(register.bind(null), { each })
  return Object.assign(register.bind(null), { each, skipIf })
}

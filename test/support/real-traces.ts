/** Real traces with their truth: the small ones are fixtures, the large ones lie beside the project where they are to be had. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Truth } from './truth.ts'

export const FIXTURES = fileURLToPath(new URL('../fixtures/traces', import.meta.url))
export const LIBRARY = fileURLToPath(new URL('../../../shared/traces', import.meta.url))

export interface RealTrace {
  name: string
  path: string
  truth: Truth
}

/** Traces below a folder that lie beside an `X.expected.json`. */
export function tracesIn(root: string): RealTrace[] {
  return ['kernel-7.3', 'lab'].flatMap((folder) => {
    const dir = `${root}/${folder}`
    if (!existsSync(dir)) return []
    return readdirSync(dir)
      .filter((name) => name.endsWith('.expected.json'))
      .map((name) => {
        const truth = JSON.parse(readFileSync(`${dir}/${name}`, 'utf8')) as Truth
        return { name: `${folder}/${truth.trace}`, path: `${dir}/${truth.trace}`, truth }
      })
  })
}

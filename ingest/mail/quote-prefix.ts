import { GREATER, SPACE } from '../ascii.ts'

/** How deep a line is quoted, and where its text begins. */
export interface Quoted {
  depth: number
  /** Behind the last `>` and one blank. */
  start: number
  /** Behind the last `>`: mailers differ in whether they put a blank. */
  tight: number
}

/**
 * `> `, `>> `, `> > `. A trace line never begins so: its task is right-aligned, so that a `>` of its name has a blank
 * before it.
 */
export function quotePrefix(b: Uint8Array, p: number, end: number): Quoted {
  let depth = 0
  let q = p
  while (q < end) {
    if (b[q] === GREATER) q++
    else if (depth > 0 && b[q] === SPACE && b[q + 1] === GREATER && q + 1 < end) q += 2
    else break
    depth++
  }
  return { depth, start: depth > 0 && q < end && b[q] === SPACE ? q + 1 : q, tight: q }
}

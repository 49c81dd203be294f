import { readFileSync } from 'node:fs'

/** A single line with the parse that the program which printed it implies. */
export interface LineCase {
  id: string
  layout: string
  kind: string
  line: string
  why: string
  expect: Record<string, unknown>
}

/** The cases of `test/fixtures/lines/<name>.jsonl`. */
export function lineCases(name: string): LineCase[] {
  return readFileSync(new URL(`../fixtures/lines/${name}.jsonl`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

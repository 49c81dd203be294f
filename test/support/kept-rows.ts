/** Results that were looked at once and are kept: whole ones as text, of the many others a digest each. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { digestOf } from './row-text.ts'

const KEPT = fileURLToPath(new URL('../golden/rows', import.meta.url))

/** `update` writes what is kept anew; the path of a folder has the texts behind the digests written there, to be compared. */
const { REVENANT_ROWS: wish } = process.env

/** The text is the one that is kept in this file. */
export function expectKept(name: string, text: string): void {
  const path = join(KEPT, name)
  if (wish === 'update') write(path, text)
  expect(text).toBe(readFileSync(path, 'utf8'))
}

/** A file of digests: a line for each case. */
export function createDigests(name: string) {
  const path = join(KEPT, name)
  const kept = new Map<string, string>()
  const known = wish === 'update' ? '' : readFileSync(path, 'utf8')
  for (const line of known.split('\n').filter(Boolean)) kept.set(line.slice(17), line.slice(0, 16))
  return {
    /** The text's digest is the one that is kept for this case. */
    expectKept(one: string, text: string): void {
      const digest = digestOf(text)
      if (wish === 'update') {
        kept.set(one, digest)
        write(path, [...kept].map(([other, known]) => `${known} ${other}\n`).join(''))
      } else if (wish) write(join(wish, `${one.replaceAll(/[^\w.-]+/g, '-')}.txt`), text)
      expect(digest, `${one}: REVENANT_ROWS=DIR writes the rows to DIR, here and at an older commit`).toBe(
        kept.get(one),
      )
    },
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

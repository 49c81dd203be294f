import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const DOMAIN = fileURLToPath(new URL('../../src/domain', import.meta.url))

/** What would make the same log give another answer, or reach outside. */
const IMPURE =
  /from 'node:|from 'better-sqlite3'|from 'kysely'|\bDate\b|Math\.random|performance\.|process\.|setTimeout|\bfetch\(|console\.\w+\(/

function impurities(source: string): string[] {
  return source.split('\n').filter((line) => IMPURE.test(line) && !/^\s*(?:\*|\/\/|\/\*)/.test(line))
}

describe('src/domain is pure', () => {
  const files = readdirSync(DOMAIN, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))

  it('is there', () => {
    expect(files.length).toBeGreaterThan(50)
  })

  it.each(files)('%s knows no clock, no chance and no I/O', (name) => {
    expect(impurities(readFileSync(`${DOMAIN}/${name}`, 'utf8'))).toEqual([])
  })

  it('would see what it looks for', () => {
    expect(impurities("import { readFileSync } from 'node:fs'\nconst now = Date.now()\n// Date\n")).toHaveLength(2)
  })
})

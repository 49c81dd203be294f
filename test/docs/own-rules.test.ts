import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RESULT_COLUMNS } from '../../src/own-rules/result-row.ts'
import { SHOWN_FACTS } from '../../src/own-rules/shown-facts.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const page = read('docs/own-rules.md')

test.each(readdirSync(join(ROOT, 'examples/rules')))('docs/own-rules.md shows examples/rules/%s as it is', (name) => {
  expect(page).toContain(`examples/rules/${name}`)
  expect(page).toContain(`\n${read(`examples/rules/${name}`)}\`\`\`\n`)
})

test('docs/own-rules.md names every column, fact and line at the top', () => {
  for (const column of RESULT_COLUMNS) expect(page).toContain(`\`${column}\``)
  for (const fact of SHOWN_FACTS) expect(page).toMatch(new RegExp(`^\\| \`${fact}\` `, 'm'))
  for (const line of ['severity', 'summary', 'deadline']) expect(page).toContain(`\`-- ${line}: `)
  expect(page).toContain('REVENANT_RULES')
})

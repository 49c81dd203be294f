import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PROGRAMS } from '../../ingest/inputs/unpack.ts'
import { LAYOUTS } from '../../ingest/layout.ts'
import { FORMATS } from '../../src/cli/command.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { CLOCKS } from '../../src/cli/ingest-options.ts'
import { importersPage } from './importers-page.ts'
import { queriesPage } from './queries-page.ts'
import { evidenceTable, probesBlock, rulesTable } from './recording-parts.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** The part of a page under a heading of the second level. */
function section(page: string, heading: string): string {
  const parts = page.split(/^## /m)
  return parts.find((part) => part.startsWith(`${heading}\n`)) ?? ''
}

describe('docs/cli.md', () => {
  const page = read('docs/cli.md')

  test.each(COMMANDS.map((command) => [command.name, command] as const))(
    '%s: its section names every flag',
    (name, command) => {
      const text = section(page, name)
      expect(text, `docs/cli.md has no section ${name}`).not.toBe('')
      for (const option of command.options?.() ?? []) expect(text).toContain(option.long)
    },
  )

  test('names no flag of a command that the command does not have', () => {
    for (const { name, options } of COMMANDS) {
      const known = (options?.() ?? []).map(({ long }) => long)
      const rows = section(page, name).match(/^\| `[^`]*/gm) ?? []
      for (const flag of rows.flatMap((row) => row.match(/--[\w-]+/g) ?? [])) expect(known, name).toContain(flag)
    }
  })

  test('names the global flags, all formats, layouts and exit codes', () => {
    for (const flag of ['--db', '--format', '--json', '--quiet', '--no-color', 'REVENANT_DB'])
      expect(page).toContain(flag)
    expect(page).toContain(`--format ${FORMATS.join('|')}`)
    for (const layout of Object.keys(LAYOUTS)) expect(page).toContain(`\`${layout}\``)
    for (const code of [0, 1, 2, 3, 4, 70, 130])
      expect(section(page, 'Exit codes')).toMatch(new RegExp(`^\\| ${code} `, 'm'))
    expect(CLOCKS).toEqual(expect.arrayContaining(['mono', 'boot', 'local']))
  })
})

test('docs/inputs.md names every program that is called, and what is done with each kind of input', () => {
  const page = read('docs/inputs.md')
  const programs = Object.values(PROGRAMS).map(({ command }) => command)
  for (const name of [...programs, 'trace-cmd report -t -N', 'perf script', 'gzip', 'zstd', 'tar', 'UTF-16', 'zip'])
    expect(page).toContain(name)
})

test('docs/glossary.md has every class, basis, state, cause, trigger and verdict', () => {
  const page = read('docs/glossary.md')
  const types = `${read('src/domain/read-model.ts')}\n${read('src/domain/rules.ts')}`
  for (const name of ['ImporterClass', 'Basis', 'BufferState', 'Cause', 'ResetMethod', 'ResetTrigger', 'Verdict']) {
    const words =
      new RegExp(`^export type ${name} =((?:\\s+\\|?\\s*'[\\w-]+')+)`, 'm').exec(types)?.[1]?.match(/[\w-]+/g) ?? []
    expect(words.length, name).toBeGreaterThan(1)
    for (const word of words) expect(page).toContain(`\`${word}\``)
  }
})

describe('docs/recording.md', () => {
  const page = read('docs/recording.md')

  test('shows the probes that revenant record writes, the evidence, and what each rule needs of it', () => {
    for (const part of [probesBlock(), evidenceTable(), rulesTable()]) expect(page).toContain(part)
  })
})

test('docs/queries.md is what the list of queries says', async () => {
  await expect(queriesPage()).toMatchFileSnapshot(join(ROOT, 'docs/queries.md'))
})

test('docs/importers.md is what the tables say', async () => {
  await expect(importersPage()).toMatchFileSnapshot(join(ROOT, 'docs/importers.md'))
})

describe('links', () => {
  const pages = [
    'README.md',
    'CHANGELOG.md',
    'examples/README.md',
    ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ]

  test.each(pages)('%s: every file it links to is there', (path) => {
    const targets = [...read(path).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1]!)
    for (const target of targets.filter((link) => !/^https?:/.test(link)))
      expect(existsSync(join(ROOT, dirname(path), target)), target).toBe(true)
  })

  test('the examples are the ones that examples/README.md describes', () => {
    const traces = readdirSync(join(ROOT, 'examples')).filter((name) => name.endsWith('.txt'))
    const described = [...read('examples/README.md').matchAll(/^\| `([\w-]+\.txt)`/gm)].map((match) => match[1]!)
    expect(described.sort()).toEqual(traces.sort())
  })
})

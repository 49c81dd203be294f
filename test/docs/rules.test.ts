import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.ts'
import { tierOf } from '../../src/domain/evidence/needs.ts'
import { RULE_MODULES } from '../../src/domain/rules/index.ts'
import { RULES, type Rule, SEVERITIES } from '../../src/domain/rules.ts'
import { defaultPlan } from './recording-parts.ts'
import { eventLines, findingText, HEADINGS, rulePage, rulesIndex, sourceOf } from './rule-pages.ts'
import { RULE_STORIES } from './rule-stories.ts'

const ROOT = join(import.meta.dirname, '../..')
const source = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(ROOT, folder, name), 'utf8'))
    .join('\n')

const JUDGED: ReadonlySet<Rule> = new Set(RULE_MODULES.map(({ rule }) => rule))
const judged = RULES.filter((rule) => JUDGED.has(rule))
/** A list of evidence is quoted in part: its first and last line are enough. */
const MOST_QUOTED = 8

test('docs/rules has a page for every rule, and an index made from them', async () => {
  const pages = readdirSync(join(ROOT, 'docs/rules')).filter((name) => name !== 'README.md')
  expect(pages.sort()).toEqual(RULES.map((rule) => `${rule}.md`).sort())
  await expect(rulesIndex()).toMatchFileSnapshot(join(ROOT, 'docs/rules/README.md'))
})

describe.each(RULES)('docs/rules/%s.md', (rule) => {
  const page = rulePage(rule)

  test('has the headings of all pages, each with something under it, on one screen or two', () => {
    expect(page.headings).toEqual([...HEADINGS])
    for (const heading of HEADINGS) expect(page.section(heading).length, heading).toBeGreaterThan(150)
    expect(page.text.split('\n').length).toBeLessThanOrEqual(75)
  })

  test('shows lines that are in the trace, or in the story, in that order and with every gap marked', async () => {
    expect(page.excerpts.length).toBeGreaterThan(0)
    for (const excerpt of page.excerpts) {
      const lines = (await sourceOf(rule, excerpt)).lines.map((line) => line.trimEnd())
      let at = -1
      for (const [i, line] of excerpt.lines.entries()) {
        if (line === '…') continue
        const found = lines.indexOf(line, at + 1)
        expect(found, line).toBeGreaterThan(at)
        if (i > 0 && excerpt.lines[i - 1] !== '…') expect(found, `… is missing before ${line}`).toBe(at + 1)
        at = found
      }
    }
  })

  test('speaks of no time that its lines do not have', () => {
    const shown = page.excerpts.flatMap(({ lines }) => lines).join('\n')
    const prose = page.text.replaceAll(/^```[\s\S]*?^```$/gm, '')
    for (const [time] of prose.matchAll(/\b\d+\.\d{6}\b/g)) expect(shown).toContain(` ${time}: `)
  })

  test('says where its lines are those of a story', () => {
    const simulated = page.excerpts.some(({ trace }) => trace === null)
    expect(page.section('In a real trace').includes("rinted by the test's story")).toBe(simulated)
    expect(RULE_STORIES[rule] !== undefined).toBe(simulated)
  })

  test('names probes of the recipe, and flags that commands have', () => {
    const prose = page.text.replaceAll(/^```[\s\S]*?^```$/gm, '')
    const shown = page.excerpts.flatMap(({ lines }) => lines).join('\n')
    const probes = defaultPlan('7.3').definitions.map(({ text }) => text)
    for (const [name] of prose.matchAll(/\b(?:dbuf|vfiodb|pcirst)_[a-z_]+\b/g))
      expect(probes.some((text) => text.includes(`/${name} `)) || shown.includes(`: ${name}: `), name).toBe(true)
    const flags = COMMANDS.flatMap(({ options }) => (options?.() ?? []).map(({ long }) => long))
    for (const [flag] of prose.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)) expect(flags).toContain(flag)
  })
})

describe.each(judged)('docs/rules/%s.md and the engine', (rule) => {
  const page = rulePage(rule)

  test('have the same severities and tier', () => {
    const code = readFileSync(join(ROOT, `src/domain/rules/${rule}.ts`), 'utf8')
    const spoken = [...code.matchAll(/severity: (.+),$/gm)].flatMap(([, value]) => value!.match(/'\w+'/g) ?? [])
    const named = page.severity.match(new RegExp(SEVERITIES.join('|'), 'g')) ?? []
    expect([...new Set(named.map((severity) => `'${severity}'`))].sort()).toEqual([...new Set(spoken)].sort())
    expect(page.tier).toMatch(new RegExp(`^${tierOf(rule) ?? 'any'}\\b`))
  })

  test('find the same in the lines shown, which hold all that the finding rests on', async () => {
    expect(page.excerpts.length).toBeGreaterThan(0)
    for (const excerpt of page.excerpts) {
      const whole = await sourceOf(rule, excerpt)
      const events = eventLines(whole)
      expect(events).toHaveLength(whole.folded.events)
      const spoken = whole.folded.findings.filter((row) => row.rule === rule)
      expect(spoken.map(findingText)).toContain(excerpt.finding)
      const evidence = spoken.filter((row) => findingText(row) === excerpt.finding).map((row) => row.evidence)
      const quoted = evidence.map((all) => (all.length > MOST_QUOTED ? [all[0]!, all.at(-1)!] : all))
      const missing = quoted.map((seqs) => seqs.filter((seq) => !excerpt.lines.includes(events[seq]!.trimEnd())))
      expect(missing).toContainEqual([])
    }
  })

  test('say the same where it is undetermined', () => {
    const domain = source('src/domain')
    for (const [, phrase] of page.section('The evidence').matchAll(/^- `([^`]+)`[:.]/gm))
      for (const part of phrase!.split('…')) expect(domain).toContain(part.trim())
  })
})

/**
 * `npm run mutate [-- PART] [--one-in N] [--alive] [--tests FOLDER]`: how much of `src/domain` the tests hold; see
 * docs/mutation.md. A whole run writes its tables there and the survivors beside this file; any other prints them.
 * `npm run mutate -- --explain` runs none, and puts the survivors below the reasons of now.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundleSuite } from './bundle.ts'
import { cover } from './coverage.ts'
import { mutateDomain, ROOT } from './mutants.ts'
import { createPlanner } from './order.ts'
import { listed, readSurvivors, score, survivors, tables, whyTable } from './report.ts'
import { runMutants } from './run-mutants.ts'

const PAGE = join(ROOT, 'docs', 'mutation.md')
const LIST = join(import.meta.dirname, 'survivors.txt')
/** The tables stand between these lines of the page. */
const TABLES = /(?<=<!-- tables -->\n)[\s\S]*(?=\n<!-- end of tables -->)/

/** The last of them: why mutants live. */
const WHY = /\| why it lives[\s\S]*(?=\n\n<!-- end of tables -->)/

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'one-in': { type: 'string' },
    alive: { type: 'boolean' },
    tests: { type: 'string' },
    explain: { type: 'boolean' },
  },
})
const part = positionals[0] ?? ''
const oneIn = Number(values['one-in'] ?? 1)
const isWhole = part === '' && oneIn === 1 && !values.alive && !values.tests

if (values.explain) {
  const known = readSurvivors(readFileSync(LIST, 'utf8'))
  writeFileSync(LIST, survivors(known))
  writeFileSync(PAGE, readFileSync(PAGE, 'utf8').replace(WHY, whyTable(known)))
  process.exit()
}

const say = (text: string) => process.stderr.write(`${text}\n`)
const begun = performance.now()
const minutes = () => (performance.now() - begun) / 60_000

const { mutants: all, wording, sources } = await mutateDomain(part)
const mutants = (values.alive ? listed(all, readFileSync(LIST, 'utf8')) : all).filter(({ id }) => id % oneIn === 0)
const code = await bundleSuite(sources, values.tests ?? '')
const coverage = await cover(code)
const tests = coverage.names.length
say(`${mutants.length} mutants, ${tests} tests`)

let done = 0
let alive = 0
const results = await runMutants(code, mutants, createPlanner(coverage, all), ({ status }) => {
  done++
  if (status === 'survived' || status === 'not reached') alive++
  if (done % 100 === 0) say(`${done} of ${mutants.length}, ${alive} alive, ${minutes().toFixed(1)} min`)
})

const run = { results, wording, tests, minutes: minutes() }
if (isWhole) {
  writeFileSync(PAGE, readFileSync(PAGE, 'utf8').replace(TABLES, `\n${tables(run)}\n`))
  writeFileSync(LIST, survivors(results))
} else {
  process.stdout.write(`${survivors(results)}\n${tables(run)}\n`)
}
say(`${score(results).toFixed(1)} % killed`)

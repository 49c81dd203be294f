/** `npm run mutate [-- PART]`: how much of `src/domain`, or of the files whose path has PART in it, tests hold. */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { bundleSuite } from './bundle.ts'
import { cover } from './coverage.ts'
import { mutateDomain } from './mutants.ts'
import { createPlanner } from './order.ts'
import { runMutants } from './run-mutants.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { 'one-in': { type: 'string' } } })
const part = positionals[0] ?? ''
const oneIn = Number(values['one-in'] ?? 1)
const say = (text: string) => process.stderr.write(`${text}\n`)
const begun = performance.now()
const minutes = () => `${((performance.now() - begun) / 60_000).toFixed(1)} min`

const { mutants: all, wording, sources } = await mutateDomain(part)
const mutants = all.filter(({ id }) => id % oneIn === 0)
const code = await bundleSuite(sources)
const coverage = await cover(code)
say(`${mutants.length} mutants, ${wording} of wording left out, ${coverage.names.length} tests`)

let done = 0
let alive = 0
const partial: unknown[] = []
const results = await runMutants(code, mutants, createPlanner(coverage, mutants), (r) => {
  const { status } = r
  partial.push(r)
  if (done % 20 === 0) writeFileSync(process.env.MUTATE_JSON ?? '/tmp/mutation/results.json', JSON.stringify(partial))
  done++
  if (status === 'survived' || status === 'not reached') alive++
  if (done % 100 === 0) say(`${done} of ${mutants.length}, ${alive} alive, ${minutes()}`)
})
writeFileSync(process.env.MUTATE_JSON ?? '/tmp/mutation/results.json', JSON.stringify(results))
say(minutes())

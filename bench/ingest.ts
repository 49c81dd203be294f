/**
 * The whole ingest as a user runs it, with its yardsticks beside it in the same call: `npm run bench -- <trace> [runs]`.
 * Yardsticks: parsing alone (always) and DuckDB's regular-expression load (where it is installed, see duckdb-load.ts).
 * Prints medians, and ratios of the same call.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const [trace, runs = '5'] = process.argv.slice(2)
if (trace === undefined) throw new Error('usage: npm run bench -- <trace> [runs]')

interface Measured {
  ms: number
  peakMegabytes: number
  cpuMs: number
  stdout: string
}

function measure(args: string[]): Measured {
  const started = performance.now()
  const child = spawnSync(process.execPath, ['--import', here('report-usage.ts'), ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  const ms = Math.round(performance.now() - started)
  if (child.status !== 0) throw new Error(`${args.join(' ')} ended with ${child.status}: ${child.stderr}`)
  return { ms, stdout: child.stdout, ...JSON.parse(child.stderr.trim().split('\n').at(-1)!) }
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!
const duckdb = existsSync(here('../node_modules/@duckdb/node-api'))
const dir = mkdtempSync(join(tmpdir(), 'revenant-bench-'))
const figures: Record<string, number[]> = {}
const note = (name: string, value: number): void => {
  figures[name] ??= []
  figures[name].push(value)
}

try {
  for (let run = 0; run < Number(runs); run++) {
    const db = join(dir, `${run}.db`)
    const ingest = measure([here('../bin/revenant.js'), 'ingest', trace, '--db', db, '--json', '--quiet'])
    const { events } = JSON.parse(ingest.stdout) as { events: number }
    const rebuild = measure([here('../bin/revenant.js'), 'rebuild', '--db', db, '--quiet'])
    const parse = measure([here('parse.ts'), trace, '1'])
    note('ingest ms', ingest.ms)
    note('ingest cpu ms', ingest.cpuMs)
    note('ingest peak MB', ingest.peakMegabytes)
    note('database bytes an event', statSync(db).size / events)
    note('rebuild / ingest', rebuild.ms / ingest.ms)
    note('ingest / parse alone', ingest.ms / parse.ms)
    if (duckdb) {
      const file = join(dir, `${run}.duckdb`)
      const load = JSON.parse(measure([here('duckdb-load.ts'), trace, file]).stdout) as { ms: number }
      note('ingest / DuckDB load', ingest.ms / load.ms)
      rmSync(file, { force: true })
    }
    rmSync(db)
  }
  for (const [name, values] of Object.entries(figures)) {
    console.log(
      `${name.padEnd(26)} ${median(values).toFixed(2).padStart(10)}   (${values.length} runs, ${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`,
    )
  }
} finally {
  rmSync(dir, { recursive: true, force: true })
}

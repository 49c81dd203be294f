/**
 * How long a batch of 1,000 lines takes from being written to a followed file to being visible findings in another
 * process: `npm run bench:follow -- [batches]`. Each batch is the story of a reset under a live mapping, and noise.
 * The yardstick in the same call: the same lines written to a file and synced.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openReader, openWriter } from '../src/log/connection.ts'

const BATCH_LINES = 1000
/** The story's events take less than a second; each one begins two seconds after the one before. */
const STEP_SECONDS = 2

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const batches = Number(process.argv[2] ?? 50)
const story = readFileSync(here('../examples/sysfs-reset.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))

function batch(n: number): string {
  const later = story.map((line) =>
    line
      .replace(/(\d+)(\.\d{6}: )/, (_, seconds, rest) => `${Number(seconds) + n * STEP_SECONDS}${rest}`)
      .replace(/ino=15\b/, `ino=${100 + n}`),
  )
  const noise = Array.from(
    { length: BATCH_LINES - later.length },
    (_, i) =>
      `            tool-9       [000] .....    ${68 + n * STEP_SECONDS}.${900_000 + i}: dma_fence_emit: driver=x timeline= context=1 seqno=${i}`,
  )
  return `${[...later, ...noise].join('\n')}\n`
}

const dir = mkdtempSync(join(tmpdir(), 'revenant-bench-'))
const trace = join(dir, 'trace')
const db = join(dir, 'log.db')
const fd = openSync(trace, 'a')
;(await openWriter(db)).close()
const reader = openReader(db)
const findings = reader.sqlite.prepare('SELECT count(*) FROM finding').pluck()
const follower = spawn(
  process.execPath,
  [here('../bin/revenant.js'), 'ingest', '--follow', trace, '--db', db, '--quiet'],
  {
    stdio: 'ignore',
  },
)
const latencies: number[] = []
const yardstick: number[] = []
try {
  for (let n = 0; n < batches; n++) {
    const text = batch(n)
    const before = findings.get() as number
    const started = performance.now()
    writeSync(fd, text)
    while ((findings.get() as number) === before) await delay(1)
    // The first one waits for the program to start.
    if (n > 0) latencies.push(performance.now() - started)
    await delay(150 + 10 * (n % 10))
    const plain = performance.now()
    const copy = openSync(join(dir, 'copy'), 'a')
    writeSync(copy, text)
    fsyncSync(copy)
    closeSync(copy)
    yardstick.push(performance.now() - plain)
  }
} finally {
  follower.kill('SIGINT')
  await once(follower, 'close')
  reader.close()
  rmSync(dir, { recursive: true, force: true })
}
print('1,000 lines to visible findings, ms', latencies)
print('the same lines written and synced, ms', yardstick)

function print(name: string, values: number[]): void {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!.toFixed(1)
  console.log(`${name.padEnd(40)} median ${at(0.5)}, 95 % ${at(0.95)}, most ${at(1)} (${values.length})`)
}

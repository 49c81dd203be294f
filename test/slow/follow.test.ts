import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { lineBytes } from '../../src/domain/record.ts'
import { openReader } from '../../src/log/connection.ts'
import { readCapture } from '../../src/log/read-log.ts'
import { BIN } from '../cli/run-revenant.ts'
import { useWorkspace } from '../cli/workspace.ts'

const RATE = 50_000
const SECONDS = 20
const at = useWorkspace()

function follow(trace: string): ChildProcess {
  const args = ['ingest', '--follow', '--idle-exit', '4', trace, '--json', '--db', at.db]
  return spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Waits until more lines than `before` were committed, and gives their number. */
async function committed(before: number): Promise<number> {
  for (let tries = 0; tries < 1200; tries++) {
    const { code, stdout } = await at.run('query', 'captures', '--json')
    const lines = code === 0 ? ((JSON.parse(stdout.toString())[0]?.lines as number | undefined) ?? 0) : 0
    if (lines > before) return lines
    await delay(50)
  }
  throw new Error(`no more than ${before} lines were ever committed`)
}

test('50,000 lines a second, the reader killed twice on the way: the log has exactly the events of the file', async () => {
  const trace = at.file('trace', '')
  const writer = spawn(process.execPath, [
    join(import.meta.dirname, 'trace-writer.ts'),
    trace,
    String(RATE),
    String(SECONDS),
  ])
  const written = once(writer, 'close')
  let before = 0
  for (let kill = 0; kill < 2; kill++) {
    const reader = follow(trace)
    const gone = once(reader, 'close')
    before = await committed(before)
    await delay(Math.random() * 500)
    reader.kill('SIGKILL')
    expect(await gone).toEqual([null, 'SIGKILL'])
    before = await committed(before - 1)
  }
  expect(writer.exitCode).toBe(null)
  const last = follow(trace)
  let stdout = ''
  last.stdout!.on('data', (chunk) => {
    stdout += chunk
  })
  const [code] = await once(last, 'close')
  expect([code, (await written)[0]]).toEqual([0, 0])

  const text = readFileSync(trace)
  const digest = createHash('sha256').update(text).digest('hex')
  const lines = text.toString('latin1').split('\n').length - 1
  expect(lines).toBeGreaterThan(RATE * SECONDS)
  expect(JSON.parse(stdout)).toMatchObject({
    capture: 1,
    lines,
    events: lines - 12,
    complete: true,
    digest,
    malformed: 0,
  })
  const db = openReader(at.db)
  const hash = createHash('sha256')
  for (const { batch } of readCapture(db.sqlite, 1)) hash.update(lineBytes(batch))
  expect(hash.digest('hex')).toBe(digest)
  const segments = db.sqlite.prepare('SELECT count(*) FROM segment').pluck().get()
  db.close()
  expect(segments).toBeLessThanOrEqual((SECONDS + 4) * 20)
  expect((await at.run('verify')).code).toBe(0)

  const rules = (await at.json<{ rule: string }[]>('query', 'findings')).map(({ rule }) => rule)
  expect(rules).toEqual(['reset-while-mapped', 'reset-without-revoke'])
})

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openReader } from '../../src/log/connection.ts'
import { BIN } from './run-revenant.ts'
import { example, exampleText, useWorkspace } from './workspace.ts'

const at = useWorkspace()
const HALF = 4000

interface Following {
  process: ChildProcess
  /** Settles when that was printed. */
  said(words: string): Promise<void>
  ended(): Promise<{ code: number | null; stdout: string; stderr: string }>
}

function follow(...args: string[]): Following {
  const child = spawn(process.execPath, [BIN, 'ingest', '--follow', ...args, '--db', at.db], { stdio: 'pipe' })
  let stdout = ''
  let stderr = ''
  let notify = () => {}
  child.stdout.on('data', (chunk) => {
    stdout += chunk
    notify()
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
    notify()
  })
  const closed = once(child, 'close')
  return {
    process: child,
    async said(words) {
      while (!(stdout + stderr).includes(words)) {
        const ended = await Promise.race([closed, new Promise<null>((wake) => (notify = () => wake(null)))])
        if (ended && !(stdout + stderr).includes(words)) throw new Error(`never said ${words}: ${stderr}`)
      }
    },
    async ended() {
      const [code] = await closed
      return { code, stdout, stderr }
    },
  }
}

/** Waits until so many lines were committed. */
async function committed(lines: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    try {
      const db = openReader(at.db)
      const all = db.sqlite.prepare('SELECT sum(lines) FROM capture').pluck().get() as number
      db.close()
      if (all >= lines) return
    } catch {}
    await new Promise((wake) => setTimeout(wake, 20))
  }
  throw new Error(`${lines} lines were never committed`)
}

test('a file: findings as they come; ^C leaves it, and the same command goes on where it stopped', async () => {
  const text = exampleText('sysfs-reset')
  const trace = at.file('trace.txt', text.slice(0, HALF))
  const first = follow(trace)
  // The half of a line at the end waits.
  await committed(text.slice(0, HALF).split('\n').length - 1)
  first.process.kill('SIGINT')
  const left = await first.ended()
  expect([left.code, left.stdout]).toEqual([130, ''])
  expect(left.stderr).toMatch(/interrupted; .*trace.txt: \d+ lines are committed and stay; run the same command again/)

  const second = follow(trace)
  await second.said('following')
  appendFileSync(trace, text.slice(HALF))
  await second.said('critical  reset-while-mapped  violated  at 67.888521  0000:02:00.0')
  await committed(79)
  second.process.kill('SIGTERM')
  expect((await second.ended()).code).toBe(130)

  const { stdout } = await at.run('ingest', trace)
  expect(stdout.toString()).toMatch(/trace.txt: capture 1\n {2}79 lines read: 67 events/)
  expect(await at.json('ingest', example('sysfs-reset'))).toMatchObject({ capture: 1, duplicate: true, complete: true })
})

test('a pipe: ^C completes what was read, to the last half of a line', async () => {
  const reader = follow('-', '--json')
  reader.process.stdin!.write(`${exampleText('sysfs-reset')}            tool-1 `)
  await committed(79)
  reader.process.kill('SIGINT')
  const { code, stdout } = await reader.ended()
  expect(code).toBe(130)
  expect(JSON.parse(stdout)).toMatchObject({
    lines: 80,
    events: 67,
    malformed: 1,
    complete: true,
    findings: { critical: 1 },
  })
})

test('a file that is rotated away, and one that is written anew, are captures of their own', async () => {
  const trace = at.file('trace.txt', exampleText('sysfs-reset'))
  const reader = follow('--json', trace)
  await committed(79)
  renameSync(trace, join(at.dir, 'trace.1'))
  writeFileSync(trace, exampleText('clean-flr'))
  await committed(79 + 118)
  writeFileSync(trace, exampleText('slow-importer'))
  await committed(79 + 118 + 80)
  reader.process.kill('SIGINT')
  const { code, stdout, stderr } = await reader.ended()
  const documents = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(documents).toMatchObject([
    { lines: 79, complete: true },
    { lines: 118, complete: true },
    { lines: 80, complete: false },
  ])
  expect([code, stderr]).toEqual([130, expect.stringMatching(/another file has this name now[\s\S]*written anew/)])
})

test('a file in which nothing is written any more ends by itself, where that was asked for', async () => {
  const { code, stdout } = await follow('--idle-exit', '0.1', example('sysfs-reset')).ended()
  expect([code, stdout]).toEqual([0, expect.stringMatching(/79 lines read: 67 events[\s\S]*\nFindings\n/)])
})

test('what cannot be followed is refused in words', async () => {
  const trace = example('clean-flr')
  const refused = async (...args: string[]) => {
    const { code, stderr } = await follow(...args).ended()
    return [code, stderr]
  }
  expect(
    await Promise.all([
      refused(trace, trace),
      refused(at.dir),
      refused(at.file('trace.gz', Buffer.from('1f8b0800', 'hex'))),
      refused('--idle-exit', 'soon', trace),
      refused(join(at.dir, 'none')),
    ]),
  ).toEqual([
    [2, expect.stringMatching(/--follow is for one file/)],
    [2, expect.stringMatching(/--follow is for one file, and .* is a folder/)],
    [2, expect.stringMatching(/is compressed/)],
    [2, expect.stringMatching(/--idle-exit soon is not a number of seconds/)],
    [3, expect.stringMatching(/There is no file/)],
  ])
})

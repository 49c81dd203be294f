import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { IngestDocument } from '../../src/cli/ingest-document.ts'
import { BIN } from './run-revenant.ts'
import { useWorkspace } from './workspace.ts'

const at = useWorkspace()

test('^C during a pipe: exit 130, what was committed stays, and the whole content goes on from there', async () => {
  const line = (i: number) =>
    `            tool-1       [000] .....    ${10 + Math.floor(i / 1e6)}.${String(i % 1e6).padStart(6, '0')}: noise: ${i}\n`
  const text = Array.from({ length: 150_000 }, (_, i) => line(i)).join('')
  const trace = at.file('trace.txt', text)
  const child = spawn(process.execPath, [BIN, 'ingest', '-', '--db', at.db], { stdio: ['pipe', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdin.on('error', () => {})
  // The pipe stays open: only the interrupt ends this ingest.
  child.stdin.write(readFileSync(trace).subarray(0, text.length - 100))
  await committedLines(131_072)
  child.kill('SIGINT')
  const [code] = await once(child, 'close')
  expect([code, stderr]).toEqual([
    130,
    expect.stringMatching(/interrupted; -: 131072 lines are committed and stay; run the same/),
  ])

  expect(await at.json('query', 'captures')).toMatchObject([{ lines: 131_072, digest: null }])
  const document = await at.json<IngestDocument>('ingest', trace)
  expect(document).toMatchObject({ capture: 1, lines: 150_000, events: 150_000, complete: true, duplicate: false })
  expect((await at.run('verify')).code).toBe(0)
})

async function committedLines(wanted: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { code, stdout } = await at.run('query', 'captures', '--json')
    if (code === 0 && JSON.parse(stdout.toString())[0]?.lines >= wanted) return
    await delay(50)
  }
  throw new Error(`${wanted} lines were never committed`)
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { BIN, revenant } from '../cli/run-revenant.ts'
import { example, useWorkspace } from '../cli/workspace.ts'

const at = useWorkspace()

test('a database that another process is writing to for long can be read, and is waited for', async () => {
  await at.run('ingest', example('sysfs-reset'))
  const ingest = () => revenant(['ingest', example('clean-flr'), '--db', at.db])
  const db = new Database(at.db)
  db.exec('BEGIN IMMEDIATE')
  try {
    expect((await at.run('check')).code).toBe(1)
    const { code, stderr } = await ingest()
    expect([code, stderr]).toEqual([70, expect.stringMatching(/another process has been writing for too long/)])
  } finally {
    db.exec('ROLLBACK')
    db.close()
  }
  expect((await ingest()).code).toBe(0)
})

test('a line of a gigabyte is one line that is not understood, in bounded memory', async () => {
  const event = '            tool-1       [000] .....    10.000001: dma_buf_export: exp_name=udmabuf size=4096 ino=1\n'
  const child = spawn(process.execPath, [BIN, 'ingest', '-', '--json', '--db', at.db], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let stdout = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  const closed = once(child, 'close')
  let peak = 0
  const megabyte = Buffer.alloc(1_000_000, 'x')
  const send = async (piece: string | Buffer) => {
    if (!child.stdin.write(piece)) await once(child.stdin, 'drain')
  }
  await send(event)
  for (let i = 0; i < 1000; i++) {
    await send(megabyte)
    if (i % 50 === 0) peak = Math.max(peak, residentMegabytes(child.pid!))
  }
  await send(`\n${event}`)
  peak = Math.max(peak, residentMegabytes(child.pid!))
  child.stdin.end()
  expect((await closed)[0]).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ lines: 3, events: 2, malformed: 1 })
  expect(peak).toBeGreaterThan(20)
  expect(peak).toBeLessThan(300)
})

/** The most that a process has held in memory so far. */
function residentMegabytes(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024
}

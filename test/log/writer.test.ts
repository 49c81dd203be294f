import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { afterEach, describe, expect, test } from 'vitest'
import { claimWriter, livingWriter, releaseWriter } from '../../src/log/writer.ts'

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

const statOf = (pid: number) => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
const claimOf = (pid: number, startTime: string, host = hostname()) =>
  JSON.stringify({ host, pid, started: startTime, token: 'x' })

function sleeper(): Promise<number> {
  const child = spawn('sleep', ['30'])
  started.push(child)
  return new Promise((resolve) => child.once('spawn', () => resolve(child.pid!)))
}

describe('a writer of this process', () => {
  test('is at work until it gives up its claim', () => {
    const claim = claimWriter()
    expect(livingWriter(claim)).toBe(process.pid)
    releaseWriter(claim)
    expect(livingWriter(claim)).toBe(null)
    expect(livingWriter(null)).toBe(null)
  })
})

describe.runIf(process.platform === 'linux')('a writer of another process', () => {
  test('is at work while that process lives', async () => {
    const pid = await sleeper()
    expect(livingWriter(claimOf(pid, statOf(pid)[19]!))).toBe(pid)
  })

  test('is gone where its pid is another process by now, or of another host', async () => {
    const pid = await sleeper()
    expect(livingWriter(claimOf(pid, '1'))).toBe(null)
    expect(livingWriter(claimOf(pid, statOf(pid)[19]!, 'another-host'))).toBe(null)
  })

  test('is gone once it was killed, though its parent never asks after it', async () => {
    // The shell becomes a program that does not know of the child it left behind.
    const parent = spawn('sh', ['-c', 'sleep 20 & echo $!; exec sleep 30'])
    started.push(parent)
    const pid = await new Promise<number>((resolve) => parent.stdout.once('data', (out) => resolve(Number(out))))
    const claim = claimOf(pid, statOf(pid)[19]!)
    expect(livingWriter(claim)).toBe(pid)
    await new Promise((wake) => setTimeout(wake, 100))
    process.kill(pid, 'SIGKILL')
    expect(livingWriter(claim)).toBe(null)
    await expect.poll(() => statOf(pid)[0]).toBe('Z')
    expect(() => process.kill(pid, 0)).not.toThrow()
    expect(livingWriter(claim)).toBe(null)
  })
})

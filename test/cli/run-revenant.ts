import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../bin/revenant.js', import.meta.url))

export interface Outcome {
  code: number | null
  stdout: Buffer
  stderr: string
}

/** Runs the command line as a user would, in a process of its own. */
export function revenant(args: string[], env: Record<string, string> = {}, stdin?: Readable): Promise<Outcome> {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...process.env, ...env },
    stdio: [stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  }) as ChildProcessByStdio<Writable | null, Readable, Readable>
  // Who refuses an input does not read it to its end.
  child.stdin?.on('error', () => {})
  if (child.stdin) stdin?.pipe(child.stdin)
  const stdout: Buffer[] = []
  let stderr = ''
  child.stdout.on('data', (chunk) => stdout.push(chunk))
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(stdout), stderr }))
  })
}

export { BIN }

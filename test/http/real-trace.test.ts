import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tableFromIPC as flechette } from '@uwdata/flechette'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BIN, revenant } from '../cli/run-revenant.ts'

const TRACE = fileURLToPath(new URL('../fixtures/traces/kernel-7.3/sysfs.txt', import.meta.url))

/** A real trace, ingested and served as a user would, each in a process of its own. */
const dir = mkdtempSync(join(tmpdir(), 'revenant-serve-'))
const db = join(dir, 'real.db')
let server: ChildProcess
let origin: string

beforeAll(async () => {
  expect(await revenant(['ingest', TRACE, '--db', db, '--json'])).toMatchObject({ code: 0 })
  server = spawn(process.execPath, [BIN, 'serve', '--db', db, '--port', '0'], { stdio: ['ignore', 'ignore', 'pipe'] })
  origin = await new Promise((resolve, reject) => {
    let said = ''
    server.stderr!.on('data', (chunk) => {
      said += chunk
      const url = /(http:\/\/127\.0\.0\.1:\d+)\/v1/.exec(said)
      if (url) resolve(url[1]!)
    })
    server.on('exit', (code) => reject(new Error(`serve ended with ${code}: ${said}`)))
  })
}, 30_000)

afterAll(() => {
  server.removeAllListeners('exit')
  server.kill('SIGTERM')
  rmSync(dir, { recursive: true })
})

/** Values as JSON has them: 64-bit integers as decimal strings. */
function plain(value: unknown): unknown {
  if (value === null || value === undefined) return null
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'object') return [...(value as Iterable<unknown>)].map(plain)
  return value
}

function rowsOf(names: readonly string[], length: number, get: (name: string, row: number) => unknown): unknown[] {
  return Array.from({ length }, (_, row) => Object.fromEntries(names.map((name) => [name, plain(get(name, row))])))
}

describe.each(['findings', 'mappings', 'events', 'resets'])('/v1/%s of a real trace', (query) => {
  test('is the same as JSON and as Arrow read by apache-arrow and by flechette', async () => {
    const json = (await (await fetch(`${origin}/v1/${query}`)).json()) as Record<string, unknown>[]
    expect(json.length).toBeGreaterThan(0)
    const names = Object.keys(json[0]!)
    const response = await fetch(`${origin}/v1/${query}`, {
      headers: { Accept: 'application/vnd.apache.arrow.stream' },
    })
    expect(response.headers.get('content-type')).toBe('application/vnd.apache.arrow.stream')
    const bytes = new Uint8Array(await response.arrayBuffer())
    const apache = tableFromIPC(bytes)
    expect(rowsOf(names, apache.numRows, (name, row) => apache.getChild(name)?.get(row))).toEqual(json)
    const other = flechette(bytes, { useBigInt: true })
    expect(rowsOf(names, other.numRows, (name, row) => other.getChild(name)?.at(row))).toEqual(json)
  })
})

test('the findings served are those that the trace proves', async () => {
  const findings = (await (await fetch(`${origin}/v1/findings`)).json()) as Record<string, unknown>[]
  expect(findings.map((f) => [f.rule, f.severity, f.verdict, f.ino, f.exporter_device])).toEqual([
    ['reset-while-mapped', 'critical', 'violated', '15', '0000:01:00.0'],
    ['reset-without-revoke', 'error', 'violated', '15', '0000:01:00.0'],
  ])
})

import { spawn, spawnSync } from 'node:child_process'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { QUERIES } from '../../queries/index.ts'
import { GREAT_INO, type LogFixture, MANY, makeLog } from '../queries/log-fixture.ts'
import { BIN, revenant } from './run-revenant.ts'

let log: LogFixture
beforeAll(async () => {
  log = await makeLog({ many: true })
})
afterAll(() => log.remove())

const query = (...args: string[]) => revenant(['query', '--db', log.path, ...args])

describe('query', () => {
  test('options stand before or after the command, and REVENANT_DB names the database', async () => {
    const answers = await Promise.all([
      revenant(['--db', log.path, '--json', 'query', 'gaps']),
      revenant(['query', 'gaps', '--format', 'json', '--db', log.path, '--quiet', '--no-color']),
      revenant(['query', 'gaps', '--json'], { REVENANT_DB: log.path }),
    ])
    for (const { code, stdout, stderr } of answers) {
      expect([code, stderr]).toEqual([0, ''])
      expect(JSON.parse(stdout.toString())).toHaveLength(2)
    }
  })

  test('every format carries the same', async () => {
    const [json, ndjson, csv, arrow] = await Promise.all(
      ['json', 'ndjson', 'csv', 'arrow'].map(async (format) => (await query('buffers', '--format', format)).stdout),
    )
    const rows = JSON.parse(json!.toString())
    expect(rows[0]).toMatchObject({ ino: GREAT_INO.shown, state: 'revoked' })
    expect(
      ndjson!
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(rows)
    expect(csv!.toString().split('\r\n')[1]).toBe(
      `1,${GREAT_INO.shown},vfio_pci,0000:01:00.0,18446744073709551615,revoked,100,,1,2,2,1`,
    )
    expect([...tableFromIPC(arrow!).getChild('ino')!].map((ino) => (ino === null ? null : String(ino)))).toEqual(
      rows.map((row: { ino: string | null }) => row.ino),
    )
  })

  test('a table is aligned and gives the terminal no command', async () => {
    const { stdout } = await query('findings', '-p', 'severity=critical')
    const [head, row, end] = stdout.toString().split('\n')
    expect(head).toMatch(/^finding {2}rule +severity {2}verdict +ts_ns {2}capture /)
    expect(row).toContain('qemu\\e[31m')
    expect(row).toContain('reset began while, "mapped"\\nλ')
    expect(row!.indexOf('critical')).toBe(head!.indexOf('severity'))
    expect(end).toBe('')
    expect(stdout.includes(0x1b)).toBe(false)
  })

  test('CSV quotes what needs it', async () => {
    const { stdout } = await query('mappings', '-p', 'capture=1', '--format', 'csv')
    const lines = stdout.toString().split('\r\n')
    expect(lines[1]).toContain(',"a ""b"", ünïcode",42,revoke,true')
    expect(lines[3]).toContain(',20,"",0,unmap,false')
  })

  test('--list names every query with its parameters', async () => {
    const { stdout } = await revenant(['query', '--list'])
    for (const { name, parameters } of QUERIES) {
      expect(stdout.toString()).toContain(`\n${name}: `.slice(name === QUERIES[0]!.name ? 1 : 0))
      for (const parameter of Object.keys(parameters)) expect(stdout.toString()).toContain(`-p ${parameter}=`)
    }
    const listed = JSON.parse((await revenant(['query', '--list', '--json'])).stdout.toString())
    expect(listed.map((q: { name: string }) => q.name)).toEqual(QUERIES.map(({ name }) => name))
  })

  test.each([
    [[], /no name was given; choose one of captures/],
    [['nothing'], /there is no "nothing"; choose one of captures/],
    [['findings', '-p', 'severity=bad'], /-p severity: "bad" is none of critical/],
    [['findings', '-p', 'colour=red'], /-p colour: findings has no such parameter/],
    [['findings', '-p', 'severity'], /"severity" is not key=value/],
    [['findings', '--format', 'xml'], /xml.*table, json/],
    [['findings', 'more'], /too many arguments/],
  ])('%j is wrong usage: exit 2, in words, nothing on stdout', async (args, message) => {
    const { code, stdout, stderr } = await query(...args)
    expect([code, stdout.length]).toEqual([2, 0])
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/ {4}at /)
  })

  test('a missing database is told: exit 3', async () => {
    const { code, stderr } = await revenant(['query', 'findings', '--db', '/nonexistent/x.db'])
    expect([code, stderr]).toEqual([3, expect.stringMatching(/there is no database/)])
  })

  test('a reader that goes away is no error', async () => {
    const line = `"${process.execPath}" "${BIN}" query mappings --format ndjson --db "${log.path}" | head -n 1; echo "\${PIPESTATUS[0]}"`
    const { stdout, stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8' })
    const [row, status] = stdout.split('\n')
    expect(JSON.parse(row!)).toMatchObject({ capture: 1 })
    expect([status, stderr]).toEqual(['0', ''])
  })

  test('a full disk behind stdout is told: exit 70', () => {
    const line = `"${process.execPath}" "${BIN}" query mappings --json --db "${log.path}" > /dev/full`
    const { status, stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([70, expect.stringMatching(/cannot write to stdout: ENOSPC/)])
  })
})

describe('serve', () => {
  test('prints its address, answers, and ends cleanly when asked to', async () => {
    const child = spawn(process.execPath, [BIN, 'serve', '--port', '0', '--db', log.path], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const url = await new Promise<string>((resolve) =>
      child.stderr.once('data', (chunk) => resolve(String(chunk).trim())),
    )
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/)
    const bytes = new Uint8Array(await (await fetch(`${url}/mappings.arrows`)).arrayBuffer())
    expect(tableFromIPC(bytes).numRows).toBe(MANY + 3)
    expect((await fetch(`${url}/mappings`, { headers: { Accept: 'image/png' } })).status).toBe(406)

    const left = new AbortController()
    const half = await fetch(`${url}/mappings`, { signal: left.signal })
    await half.body!.getReader().read()
    left.abort()
    expect(await (await fetch(`${url}/gaps`)).json()).toHaveLength(2)

    const other = await revenant(['serve', '--port', new URL(url).port, '--db', log.path])
    expect([other.code, other.stderr]).toEqual([
      2,
      expect.stringMatching(/another program uses it; choose another with --port/),
    ])

    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })
})

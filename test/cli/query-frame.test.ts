import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.ts'
import { openWriter } from '../../src/log/connection.ts'
import { makeLog } from '../queries/log-fixture.ts'
import { BIN, revenant } from './run-revenant.ts'

describe('the frame', () => {
  test('--help names every command, --version the version', async () => {
    const help = await revenant(['--help'])
    expect(help.code).toBe(0)
    for (const { name } of COMMANDS) expect(help.stdout.toString()).toContain(`\n  ${name} `)
    expect((await revenant(['--version'])).stdout.toString()).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test.each([
    [[], /Usage: revenant/],
    [['nope'], /unknown command 'nope'/],
    [['query', '--nope'], /unknown option '--nope'/],
    [['ingest'], /missing required argument 'file'/],
    [['check', '--fail-on', 'bad'], /Allowed choices are critical, error, warning, info/],
    [['serve', '--port', '70000'], /A port is 0 to 65535/],
  ])('%j is wrong usage: exit 2', async (args, message) => {
    const { code, stdout, stderr } = await revenant(args)
    expect([code, stdout.length, stderr]).toEqual([2, 0, expect.stringMatching(message)])
  })

  test('a file that is no database is told: exit 3', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'revenant-frame-'))
    writeFileSync(join(folder, 'x.db'), 'x'.repeat(5000))
    const { code, stderr } = await revenant(['query', 'gaps', '--db', join(folder, 'x.db')])
    expect([code, stderr]).toEqual([3, expect.stringMatching(/no SQLite database/)])
    rmSync(folder, { recursive: true })
  })

  test('a damaged segment is told with its place: exit 3', async () => {
    const log = await makeLog()
    const { sqlite, close } = await openWriter(log.path)
    sqlite.exec(`DROP TRIGGER segment_no_update; UPDATE segment SET text = x'00' WHERE capture = 2`)
    close()
    const { code, stderr } = await revenant(['query', 'events', '--db', log.path])
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(/segment 0 of capture 2, positions 8 to 8, cannot be unpacked/),
    ])
    log.remove()
  })

  test('an interrupt in the middle of an answer is exit 130', async () => {
    const log = await makeLog({ many: true })
    const child = spawn(process.execPath, [BIN, 'query', 'mappings', '--json', '--db', log.path], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    // The pipe is full after the first pieces and its reader waits: the command is then in the middle.
    await new Promise((resolve) => child.stdout.once('readable', resolve))
    child.kill('SIGINT')
    setTimeout(() => child.stdout.resume(), 200)
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(130)
    log.remove()
  })
})

import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { IngestDocument } from '../../src/cli/ingest-document.ts'
import { revenant } from './run-revenant.ts'
import { example, exampleText, useWorkspace } from './workspace.ts'

const at = useWorkspace()
const key = () => at.file('key', 'thirty-two bytes of a secret key')
const SECRETS = ['tool-', '0000:01:00.0', 'tool', '0xffff8']

describe('export --redact', () => {
  test('gives the text of a capture, as redacting the file does, and is judged as the capture is', async () => {
    const original = await at.json<IngestDocument>('ingest', example('sysfs-reset'))
    const { stdout, code } = await at.run('export', '--redact', '--redact-key', key())
    expect(code).toBe(0)
    const text = stdout.toString()
    for (const secret of SECRETS) expect(text.includes(secret), secret).toBe(false)
    const ofFile = await at.run('export', example('sysfs-reset'), '--redact', '--redact-key', key())
    expect(ofFile.stdout.toString()).toBe(text)
    const redacted = await at.json<IngestDocument>('ingest', at.file('redacted.txt', text))
    const { capture: _, file: __, digest: ___, ...counts } = original
    expect(redacted).toMatchObject(counts)
  })

  test('writes a file, and never over one that is there', async () => {
    await at.json('ingest', example('clean-flr'))
    const path = join(at.dir, 'out.txt')
    expect((await at.run('export', '--redact', '--capture', '1', '--output', path)).code).toBe(0)
    expect(readFileSync(path, 'latin1').split('\n')).toHaveLength(exampleText('clean-flr').split('\n').length)
    const { code, stderr } = await at.run('export', '--redact', '--output', path)
    expect([code, stderr]).toEqual([2, expect.stringMatching(/out\.txt: is there already; give another name/)])
  })

  test('without a key, no two runs give the same names', async () => {
    const run = async () => (await at.run('export', '--redact', example('clean-flr'))).stdout.toString()
    expect(await run()).not.toBe(await run())
  })

  test('a line that is too long for a trace is left out, and stays one', async () => {
    const long = `            tool-195 [001] ...1. 61.000000: map: ${'secret '.repeat(200_000)}\n`
    const trace = at.file('long.txt', `${exampleText('clean-flr')}${long}`)
    const before = await at.json<IngestDocument>('ingest', trace)
    const { stdout } = await at.run('export', '--redact', '--capture', '1')
    expect(stdout.includes('secret')).toBe(false)
    const after = await at.json<IngestDocument>('ingest', at.file('redacted.txt', stdout))
    expect([after.malformed, after.events, after.lines]).toEqual([before.malformed, before.events, before.lines])
    expect(before.malformed).toBe(1)
  })

  test.each([
    [['export'], /give --redact/],
    [['export', '--redact', '--json'], /--format json is for tables/],
    [['export', 'a.txt', '--redact', '--capture', '1'], /and not both/],
    [['export', 'a.txt', '--redact-key', 'k'], /give --redact as well/],
    [['export', 'a.txt', '--redact', '--redact-key', '/nowhere/k'], /\/nowhere\/k cannot be read/],
    [['ingest', 'a.txt', '--redact-key', 'k'], /give --redact as well/],
    [['ingest', 'a.txt', '--redact', '--follow'], /--redact is for a trace that is whole/],
  ])('%j is wrong usage', async (args, message) => {
    const { code, stderr } = await at.run(...args)
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  })

  test('a key that could be guessed is refused', async () => {
    const { code, stderr } = await at.run(
      'export',
      example('clean-flr'),
      '--redact',
      '--redact-key',
      at.file('k', 'short'),
    )
    expect([code, stderr]).toEqual([2, expect.stringMatching(/has 5 bytes and could be guessed; make one of 32/)])
  })

  test('of several captures, one has to be named', async () => {
    await at.run('ingest', example('clean-flr'), example('sysfs-reset'))
    expect((await at.run('export', '--redact')).stderr).toMatch(/has 2 captures; say which one with --capture/)
    expect((await at.run('export', '--redact', '--capture', '2')).code).toBe(0)
  })

  test('what is no trace is refused', async () => {
    const { code, stderr } = await at.run('export', '--redact', at.file('x.txt', 'hello\n'))
    expect([code, stderr]).toEqual([3, expect.stringMatching(/x\.txt: Its only line is no line of a trace/)])
  })
})

describe('ingest --redact', () => {
  test('keeps nothing of the original in the database', async () => {
    const trace = at.file('acme-host7.txt', exampleText('sysfs-reset'))
    const { stdout } = await revenant(['ingest', trace, '--json', '--db', join(at.dir, 'plain.db')])
    const plain = JSON.parse(stdout.toString()) as IngestDocument
    const document = await at.json<IngestDocument>('ingest', trace, '--redact', '--redact-key', key())
    expect(document).toMatchObject({ events: plain.events, findings: plain.findings, duplicate: false })
    expect(document.digest).not.toBe(plain.digest)
    for (const name of ['log.db', 'log.db-wal'].filter((file) => existsSync(join(at.dir, file)))) {
      const bytes = readFileSync(join(at.dir, name), 'latin1')
      for (const secret of ['acme', ...SECRETS.slice(0, 2)]) expect(bytes.includes(secret), secret).toBe(false)
    }
    const rows = JSON.stringify([
      await at.json('query', 'events'),
      await at.json('query', 'findings'),
      await at.json('query', 'captures'),
      await at.json('query', 'mappings'),
    ])
    for (const secret of ['acme', ...SECRETS]) expect(rows.includes(secret), secret).toBe(false)
  })

  test('the same content under the same key is the same capture, from a file and from a pipe', async () => {
    const first = await at.json<IngestDocument>('ingest', example('sysfs-reset'), '--redact', '--redact-key', key())
    const args = ['ingest', '-', '--redact', '--redact-key', key(), '--json', '--db', at.db]
    const { stdout } = await revenant(args, {}, createReadStream(example('sysfs-reset')))
    expect(JSON.parse(stdout.toString())).toEqual({ ...first, file: '-', duplicate: true })
    expect(await at.json('query', 'captures')).toMatchObject([{ name: 'redacted' }])
    const other = await at.json<IngestDocument>('ingest', example('sysfs-reset'), '--redact')
    expect(other).toMatchObject({ capture: 2, duplicate: false })
  })

  test('inputs that are merged are all redacted', async () => {
    const files = [example('clean-flr'), example('sysfs-reset')]
    const document = await at.json<IngestDocument>('ingest', ...files, '--merge', '--redact', '--redact-key', key())
    expect(document.findings.critical).toBe(1)
    expect(await at.json('query', 'captures')).toMatchObject([{ name: 'redacted + redacted' }])
    const { stdout } = await at.run('query', 'events', '--json')
    for (const secret of SECRETS.slice(0, 3)) expect(stdout.includes(secret), secret).toBe(false)
  })

  test('a name that is given is kept', async () => {
    await at.json('ingest', example('clean-flr'), '--redact', '--name', 'case 12')
    expect(await at.json('query', 'captures')).toMatchObject([{ name: 'case 12' }])
  })
})

import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import type { IngestDocument } from '../../src/cli/ingest-document.ts'
import { pack } from '../ingest/inputs/packed.ts'
import { tarArchive } from '../ingest/inputs/tar-archive.ts'
import { revenant } from './run-revenant.ts'
import { example, exampleText, useWorkspace } from './workspace.ts'

const at = useWorkspace()

const FUNCTION = readFileSync(join(import.meta.dirname, '../fixtures/layouts/V_function.txt'))
const documents = (stdout: Buffer): IngestDocument[] =>
  stdout
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

test('the same trace plain, packed and from a pipe is one capture: the digest is that of its content', async () => {
  const plain = readFileSync(example('sysfs-reset'))
  const first = await at.json<IngestDocument>('ingest', example('sysfs-reset'))
  const packed = at.file('sysfs.gz', pack('gzip', plain))
  expect(await at.json<IngestDocument>('ingest', packed)).toEqual({ ...first, file: packed, duplicate: true })
  const stdin = Readable.from([pack('zstd', plain)])
  const { stdout } = await revenant(['ingest', '-', '--json', '--db', at.db], {}, stdin)
  expect(documents(stdout)).toEqual([{ ...first, file: '-', duplicate: true }])
  expect(await at.json<unknown[]>('query', 'captures')).toHaveLength(1)
})

test('an archive of mixed layouts: a document for each trace, one word for all else, one exit code', async () => {
  const archive = tarArchive([
    { name: 'report/notes.txt', content: 'It hung.\n' },
    { name: 'report/function.txt', content: FUNCTION },
    { name: 'report/trace.txt.gz', content: pack('gzip', Buffer.from(exampleText('clean-flr'), 'latin1')) },
  ])
  const report = at.file('report.tar.zst', pack('zstd', archive))
  const { code, stdout, stderr } = await at.run('ingest', report, '--json')
  expect(code).toBe(0)
  expect(documents(stdout)).toMatchObject([
    { capture: 1, file: `${report}/report/function.txt`, format: 'ftrace-function' },
    { capture: 2, file: `${report}/report/trace.txt.gz`, format: 'ftrace-text' },
  ])
  expect(stderr).toMatch(/^revenant: \S+\/report\/notes\.txt: skipped: Its only line is no line of a trace[^\n]*\n$/)
  const captures = await at.json<{ name: string }[]>('query', 'captures')
  expect(captures.map(({ name }) => name)).toEqual([
    'report.tar.zst/report/function.txt',
    'report.tar.zst/report/trace.txt.gz',
  ])

  const again = await at.run('ingest', report, '--json', '--quiet')
  expect(documents(again.stdout)).toMatchObject([{ duplicate: true }, { duplicate: true }])
  expect([again.code, again.stderr]).toEqual([0, ''])
})

test('a folder with a trace that cannot be read: the others are read, and the exit code is 3', async () => {
  mkdirSync(join(at.dir, 'report'))
  at.file('report/a.txt', exampleText('clean-flr'))
  at.file('report/b.txt.gz', pack('gzip', FUNCTION).fill(0xff, 10, 60))
  const { code, stdout, stderr } = await at.run('ingest', join(at.dir, 'report'), '--json', '--name', 'bug-7')
  expect(code).toBe(3)
  expect(documents(stdout)).toMatchObject([{ capture: 1, file: join(at.dir, 'report/a.txt'), complete: true }])
  expect(stderr).toMatch(/report\/b\.txt\.gz: The gzip data is damaged: .* behind byte \d+ .*Fetch the file again/)
  expect(await at.json('query', 'captures')).toMatchObject([{ name: 'bug-7/a.txt' }])
})

test('an archive without a trace is no input', async () => {
  const report = at.file('report.tar', tarArchive([{ name: 'notes.txt', content: 'It hung.\n' }]))
  const { code, stderr } = await at.run('ingest', report)
  expect([code, stderr]).toEqual([3, expect.stringMatching(/report\.tar: there is no trace in it \(1 other file\)/)])
})

test('a cut archive of a trace is read as far as it goes, and its end is a gap', async () => {
  const whole = pack('gzip', Buffer.from(exampleText('sysfs-reset'), 'latin1'))
  const cut = at.file('cut.gz', whole.subarray(0, whole.length - 20))
  const { code, stdout, stderr } = await at.run('ingest', cut, '--json', '--strict')
  expect(code).toBe(4)
  expect(documents(stdout)).toMatchObject([{ complete: true, gaps: 1 }])
  expect(stderr).toMatch(/cut\.gz: the gzip data ends too early, after \d+ compressed bytes; what came before is read/)
  const gaps = await at.json<{ reason: string }[]>('query', 'gaps')
  expect(gaps.map(({ reason }) => reason)).toEqual([expect.stringContaining('the gzip data ends too early')])
})

test('a folder of per-CPU files is merged into one capture', async () => {
  const lines = exampleText('clean-flr').split('\n')
  const header = lines.filter((line) => line.startsWith('#')).filter((line) => !line.includes('entries-written'))
  const events = lines.filter((line) => line !== '' && !line.startsWith('#'))
  for (const cpu of [0, 1]) {
    mkdirSync(join(at.dir, `per_cpu/cpu${cpu}`), { recursive: true })
    const own = events.filter((_, i) => i % 2 === cpu)
    at.file(`per_cpu/cpu${cpu}/trace.gz`, pack('gzip', Buffer.from(`${[...header, ...own].join('\n')}\n`, 'latin1')))
  }
  const document = await at.json<IngestDocument>('ingest', '--merge', join(at.dir, 'per_cpu'))
  expect(document).toMatchObject({ capture: 1, events: events.length, gaps: 0, complete: true })
})

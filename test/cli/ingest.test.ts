import { createReadStream, existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { IngestDocument } from '../../src/cli/ingest-document.ts'
import { revenant } from './run-revenant.ts'
import { example, exampleText, useWorkspace } from './workspace.ts'

const at = useWorkspace()

describe('ingest --json', () => {
  test('accounts for every line and counts what is proven', async () => {
    const document = await at.json<IngestDocument>('ingest', example('sysfs-reset'))
    expect(document).toEqual({
      capture: 1,
      file: example('sysfs-reset'),
      format: 'ftrace-text',
      digest: 'aa9a28baa9722fab8e90281c9492fad04b91d676f2c4b4afb24ddcd325a9af9a',
      clock: null,
      kernel: null,
      lines: 79,
      events: 67,
      ignored: 0,
      ignored_by_name: {},
      malformed: 0,
      structural: 12,
      lost: 0,
      duplicate: false,
      complete: true,
      gaps: 0,
      findings: { critical: 1, error: 1, warning: 0, info: 0 },
      undetermined: 0,
      tier: 'T3',
    })
  })

  test('the same content again appends nothing, under any name', async () => {
    const first = await at.json<IngestDocument>('ingest', example('sysfs-reset'))
    const copy = at.file('copy.txt', exampleText('sysfs-reset'))
    const again = await at.json<IngestDocument>('ingest', copy)
    expect(again).toEqual({ ...first, file: copy, duplicate: true })
    expect(await at.json<unknown[]>('query', 'captures')).toHaveLength(1)
  })

  test('prints one document a line for several files', async () => {
    const { code, stdout } = await at.run('ingest', example('clean-flr'), example('slow-importer'), '--json')
    expect(code).toBe(0)
    const documents = stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as IngestDocument)
    expect(documents.map(({ capture, events }) => [capture, events])).toEqual([
      [1, 106],
      [2, 68],
    ])
  })

  test('reads standard input', async () => {
    const args = ['ingest', '-', '--name', 'from a pipe', '--json', '--db', at.db]
    const { code, stdout } = await revenant(args, {}, createReadStream(example('sysfs-reset')))
    expect(code).toBe(0)
    expect(JSON.parse(stdout.toString())).toMatchObject({ file: '-', lines: 79, findings: { critical: 1 } })
    expect(await at.json('query', 'captures')).toMatchObject([{ name: 'from a pipe' }])
  })
})

describe('options', () => {
  test('the clock is what was given, else what a trace_clock file beside the trace says', async () => {
    const trace = at.file('trace.txt', exampleText('clean-flr'))
    at.file('trace_clock', 'local global counter uptime perf [mono] mono_raw boot tai x86-tsc\n')
    expect(await at.json('ingest', trace)).toMatchObject({ clock: 'mono' })
    const other = at.file('other.txt', exampleText('sysfs-reset'))
    expect(await at.json('ingest', other, '--clock', 'boot')).toMatchObject({ clock: 'boot' })
  })

  test('--drop counts events without judging them', async () => {
    const document = await at.json<IngestDocument>('ingest', example('sysfs-reset'), '--drop', 'dbuf_map')
    expect(document).toMatchObject({ events: 66, ignored: 1, lines: 79, ignored_by_name: { dbuf_map: 1 } })
    expect(document.findings.critical).toBe(0)
  })

  const noise = (n: number, name = 'sched_switch') =>
    `          <idle>-0       [000] d..2.    60.9${n}: ${name}: prev_comm=a prev_pid=1 ==> next_comm=b next_pid=2\n`

  test('noise is counted by name and not judged, unless it is to be kept', async () => {
    const text = exampleText('clean-flr') + noise(10000) + noise(10001) + noise(10002, 'timer_start')
    const clean = await at.json<IngestDocument>('ingest', example('clean-flr'))
    const document = await at.json<IngestDocument>('ingest', at.file('noisy.txt', text))
    expect(document).toMatchObject({ events: clean.events, ignored: 3, lines: clean.lines + 3 })
    expect(Object.entries(document.ignored_by_name)).toEqual([
      ['sched_switch', 2],
      ['timer_start', 1],
    ])
    expect(document.findings).toEqual(clean.findings)
    const again = await at.run('ingest', at.file('noisy.txt', text))
    expect(again.stdout.toString()).toContain('ignored: sched_switch 2, timer_start 1')
    const kept = at.file('kept.txt', `${text}${noise(10003)}`)
    expect(await at.json('ingest', kept, '--keep', 'sched_*', '--drop', 'dma_*')).toMatchObject({
      events: clean.events + 3 - (text.match(/: dma_/g)?.length ?? 0),
    })
    const all = at.file('all.txt', `${text}${noise(10004)}`)
    expect(await at.json('ingest', all, '--keep', 'all')).toMatchObject({ events: clean.events + 4, ignored: 0 })
  })

  test('the same content with other patterns is a duplicate, and says so', async () => {
    const text = at.file('noisy.txt', exampleText('clean-flr') + noise(10000))
    await at.json('ingest', text)
    const { stderr, code } = await at.run('ingest', text, '--keep', 'all')
    expect([code, stderr]).toEqual([0, expect.stringMatching(/already in the log .* with other options, which stay/)])
  })

  test('the limits of late-unmap can be set', async () => {
    expect(await at.json('ingest', example('slow-importer'), '--late-unmap-error', '2.5')).toMatchObject({
      findings: { error: 1, warning: 0 },
    })
  })

  test('recognisers give events of your own a meaning', async () => {
    const recognisers = at.file(
      'mine.json',
      JSON.stringify({ recognisers: [{ event: 'engine_run', as: 'access', fields: { device: 'dev', iova: 'addr' } }] }),
    )
    const mine = '          <idle>-0       [000] d.h1.    60.900000: engine_run: dev=0000:02:00.0 addr=0xffffc000\n'
    const trace = at.file('trace.txt', exampleText('clean-flr') + mine)
    const { findings } = await at.json<IngestDocument>('ingest', trace, '--recognisers', recognisers)
    expect(findings.critical).toBe(1)
    expect(await at.json('query', 'findings', '-p', 'severity=critical')).toMatchObject([{ rule: 'use-after-revoke' }])
  })

  test('of two recognisers for one event, each takes what its own condition lets in', async () => {
    const one = (as: string, kind: string) => ({
      event: 'engine',
      as,
      fields: { device: 'dev', iova: 'addr' },
      when: { kind },
    })
    const recognisers = at.file(
      'mine.json',
      JSON.stringify({ recognisers: [one('access', 'run'), one('unmap', 'stop')] }),
    )
    const mine =
      '          <idle>-0       [000] d.h1.    60.900000: engine: dev=0000:02:00.0 addr=0xffffc000 kind=run\n'
    const trace = at.file('trace.txt', exampleText('clean-flr') + mine)
    const { findings } = await at.json<IngestDocument>('ingest', trace, '--recognisers', recognisers)
    expect(findings.critical).toBe(1)
  })

  test.each([
    ['no JSON', '{', /mine\.json is not JSON/],
    [
      'an unknown meaning',
      '{"recognisers":[{"event":"e","as":"fly","fields":{}}]}',
      /mine\.json: recognisers\.0\.as: /,
    ],
    ['none at all', '{"recognisers":[]}', /mine\.json: recognisers: /],
  ])('a file of recognisers with %s: exit 2, with the place and the reason', async (_, content, message) => {
    const { code, stderr } = await at.run(
      'ingest',
      example('clean-flr'),
      '--recognisers',
      at.file('mine.json', content),
    )
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
    expect(existsSync(at.db)).toBe(false)
  })

  test.each([
    [['--clock', 'sundial'], /sundial is no trace clock/],
    [['--layout', 'papyrus'], /papyrus is not known/],
    [['--late-unmap-warning', 'soon'], /soon is not a number of seconds/],
    [['--keep', 'a b'], /--keep "a b" is no event name/],
    [['--drop', ''], /--drop "" is no event name/],
    [['--name', ''], /--name is empty/],
    [['--format', 'csv'], /csv is for tables/],
    [['--fail-on', 'fatal'], /Allowed choices are/],
  ])('%j is wrong usage', async (flags, message) => {
    const { code, stderr } = await at.run('ingest', example('clean-flr'), ...flags)
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
    expect(existsSync(at.db)).toBe(false)
  })
})

describe('exit codes', () => {
  test('findings fail only where they are asked to', async () => {
    expect((await at.run('ingest', example('sysfs-reset'))).code).toBe(0)
    expect((await at.run('ingest', example('sysfs-reset'), '--fail-on', 'critical')).code).toBe(1)
    expect((await at.run('ingest', example('slow-importer'), '--fail-on', 'error')).code).toBe(0)
    expect((await at.run('ingest', example('slow-importer'), '--fail-on', 'warning')).code).toBe(1)
  })

  test('--strict fails where events are missing', async () => {
    const trace = at.file('trace.txt', `${exampleText('clean-flr')}CPU:1 [LOST 7 EVENTS]\n`)
    expect((await at.run('ingest', trace)).code).toBe(0)
    const { code, stderr } = await at.run('ingest', trace, '--strict')
    expect(code).toBe(4)
    expect(stderr).toMatch(/evidence is incomplete: .*1 gap/)
    expect((await at.run('ingest', example('slow-importer'), '--strict')).code).toBe(0)
  })

  test('a file that cannot be used does not keep the others from being read', async () => {
    const { code, stderr } = await at.run('ingest', `${at.dir}/none.txt`, example('clean-flr'))
    expect(code).toBe(3)
    expect(stderr).toMatch(/There is no file .*none\.txt/)
    expect(await at.json<unknown[]>('query', 'captures')).toHaveLength(1)
  })
})

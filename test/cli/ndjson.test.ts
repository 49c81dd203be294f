import { expect, test } from 'vitest'
import type { IngestDocument } from '../../src/cli/ingest-document.ts'
import { example, useWorkspace } from './workspace.ts'

const at = useWorkspace()

test.each(['iommu-fault', 'slow-importer'])(
  '%s: what query events prints is the same events, read back',
  async (name) => {
    const first = await at.json<IngestDocument>('ingest', example(name))
    const printed = await at.run('query', 'events', '--format', 'ndjson', '-p', 'limit=100000')
    const second = await at.json<IngestDocument>('ingest', at.file('events.ndjson', printed.stdout))
    expect(second).toMatchObject({ format: 'ndjson', malformed: 0, structural: 0, events: first.events })
    expect(second.findings).toEqual(first.findings)
    const rows = (capture: number) => at.json<Record<string, unknown>[]>('query', 'events', '-p', `capture=${capture}`)
    const told = (all: Record<string, unknown>[]) => all.map(({ position, capture, line, ...rest }) => rest)
    expect(told(await rows(second.capture!))).toEqual(told(await rows(first.capture!)))
  },
)

test('events that bpftrace lost are in the summary, and a gap', async () => {
  const lines = [
    { type: 'printf', data: '{"ts_ns":1,"event":"a"}\n' },
    { type: 'lost_events', data: { events: 5 } },
    { type: 'printf', data: '{"ts_ns":9,"event":"b"}\n' },
  ]
  const file = at.file('x.json', lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  expect(await at.json('ingest', file)).toMatchObject({ format: 'bpftrace-json', lost: 5, gaps: 1 })
  const gaps = await at.json<Record<string, unknown>[]>('query', 'gaps')
  expect(gaps).toMatchObject([{ cpu: null, from_ns: '1', to_ns: '9', lost: 5 }])
})

test('--layout takes the name of a mail with its layout inside', async () => {
  const file = at.file('x.txt', `Hello\n\n> ${' '.repeat(12)}tool-1       [000] .....    10.000001: a: b=1\n`)
  expect(await at.json('ingest', file, '--layout', 'mail/ftrace-text')).toMatchObject({ events: 1, malformed: 0 })
  const { code, stderr } = await at.run('ingest', file, '--layout', 'mail/atrace')
  expect([code, stderr]).toEqual([2, expect.stringContaining('mail/ftrace-text')])
})

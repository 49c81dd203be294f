import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { IngestDocument } from '../../src/cli/ingest-document.ts'
import { example, useWorkspace } from './workspace.ts'

const at = useWorkspace()
const LIST = readFileSync(new URL('../fixtures/layouts/bufinfo-7.3.txt', import.meta.url))
const OPEN_FILES = readFileSync(new URL('../fixtures/layouts/fdinfo-loop.txt', import.meta.url))

interface Event {
  ts_ns: string
  type: string
  name: string
  ino: string | null
  pid: string | null
  cpu: string | null
  comm: string | null
  device: string | null
  data: string
}

describe('ingest --at', () => {
  test('gives a snapshot its time, in nanoseconds or seconds, and keeps it with the capture', async () => {
    const document = await at.json<IngestDocument>('ingest', at.file('a.txt', LIST), '--at', '40.5')
    expect(document).toMatchObject({ format: 'bufinfo', lines: 18, events: 10, structural: 8, malformed: 0, gaps: 0 })
    const events = await at.json<Event[]>('query', 'events')
    expect(new Set(events.map(({ ts_ns }) => ts_ns))).toEqual(new Set(['40500000000']))
    expect(events[3]).toMatchObject({ type: 'snapshot-attachment', ino: '4', device: '0000:01:00.0' })
    expect(events[3]).toMatchObject({ pid: null, cpu: null, comm: null })
    expect((await at.run('verify')).code).toBe(0)
  })

  test('gives open files their time, and leaves them their processes', async () => {
    await at.json('ingest', at.file('b.txt', OPEN_FILES), '--at', '40500000001')
    const holders = await at.json<Event[]>('query', 'events', '-p', 'type=snapshot-holder')
    expect(holders.map(({ ts_ns, pid, ino }) => [ts_ns, Number(pid), ino])).toEqual([
      ['40500000001', 734, '4'],
      ['40500000001', 734, '5'],
      ['40500000001', 801, '4'],
    ])
  })

  test('says what it is, and that nothing happened in it', async () => {
    const { stdout } = await at.run('ingest', at.file('a.txt', LIST), '--at', '40.5')
    expect(stdout.toString()).toContain('evidence: a list of buffers, no events\n')
    expect(stdout.toString()).toMatch(/buffer \d+ of vfio_pci_core, export not seen, /)
    expect(stdout.toString()).toContain('give it with a trace, --merge and --at\n')
  })

  test('is asked for where it is not given, and only where it is of use', async () => {
    const without = await at.run('ingest', at.file('a.txt', LIST))
    expect(without.code).toBe(0)
    expect(without.stderr).toContain('--at gives it a place')
    expect((await at.run('ingest', at.file('b.txt', OPEN_FILES), '--at', '1.0')).stderr).not.toContain('--at')
  })

  test('is refused for what has times of its own, and where it is no time', async () => {
    const trace = await at.run('ingest', example('sysfs-reset'), '--at', '40.5')
    expect([trace.code, trace.stderr]).toEqual([
      2,
      expect.stringMatching(/--at is the time of a snapshot.*ftrace-text/),
    ])
    for (const wrong of ['soon', '-5']) {
      const { code, stderr } = await at.run('ingest', at.file('a.txt', LIST), `--at=${wrong}`)
      expect([code, stderr]).toEqual([2, expect.stringContaining('is not a time')])
    }
  })
})

describe('ingest --merge with a snapshot', () => {
  const TRACE = [
    '# tracer: nop',
    '            tool-100     [000] ...1.    41.000050: dbuf_map: (map_locked+0x47/0x80 [dbtest] <- dma_buf_map_attachment) ino=4 attach=0xffff888120000010 dev="0000:01:00.0" dir=0 sgt=0xffff888140000010 nents=1 iova=0xffff0000 len=16384',
    '',
  ].join('\n')

  test.each([
    ['the trace', 1],
    ['the snapshots', -1],
  ])('tells of a buffer older than the trace, with %s first', async (_, direction) => {
    const files = [at.file('trace.txt', TRACE), at.file('bufinfo.txt', LIST), at.file('fdinfo.txt', OPEN_FILES)]
    const order = direction > 0 ? files : files.reverse()
    const merged = await at.json<IngestDocument>('ingest', '--merge', ...order, '--at', '40.5')
    expect(merged).toMatchObject({ events: 14, malformed: 0, gaps: 0 })
    const [buffer] = await at.json<Record<string, unknown>[]>('query', 'buffers', '-p', 'ino=4')
    expect(buffer).toMatchObject({ exporter: 'vfio_pci_core', size: '16384', exported_ns: null, mappings: 1 })
    const attachments = await at.json<Record<string, unknown>[]>('query', 'attachments', '-p', 'ino=4')
    expect(attachments.map(({ attachment, attached_ns }) => [attachment, attached_ns])).toEqual([
      ['0xffff888120000010', null],
      [null, null],
    ])
  })

  test('needs its time', async () => {
    const files = [at.file('trace.txt', TRACE), at.file('bufinfo.txt', LIST)]
    const { code, stderr } = await at.run('ingest', '--merge', ...files)
    expect([code, stderr]).toEqual([3, expect.stringMatching(/bufinfo\.txt is a snapshot.*--at/)])
  })
})

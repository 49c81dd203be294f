import { beforeEach, describe, expect, test } from 'vitest'
import { example, exampleText, useWorkspace } from './workspace.ts'

const at = useWorkspace()
beforeEach(() => at.run('ingest', example('sysfs-reset')))

interface Told {
  position: string
  line: number
  ts_ns: string
  since_ns: string | null
  type: string
  name: string
  findings: string[]
}

describe('timeline', () => {
  test("tells a buffer's events with the resets of its exporter, and marks where findings were made", async () => {
    const { code, stdout } = await at.run('timeline', '--ino', '15')
    expect(code).toBe(0)
    const lines = stdout.toString().trimEnd().split('\n')
    expect(lines[0]).toMatch(
      /^67\.853403 +export +tool-223 +dma_buf_export: exp_name=vfio_pci_core size=16384 ino=15 +\(line 26\)$/,
    )
    const reset = lines.findIndex((line) => line.includes('pcirst_disable'))
    expect(lines[reset]).toMatch(/^67\.888521 +\+83 µs +reset /)
    expect(lines[reset + 1]).toMatch(/^ +\^ critical reset-while-mapped, violated: /)
    expect(lines[reset + 2]).toMatch(/^ +\^ error reset-without-revoke, violated: /)
    expect(lines.at(-1)).toMatch(/dbuf_final/)
  })

  test('--quote has the lines as traced, with the findings below them', async () => {
    const told = await at.json<(Told & { text: string })[]>('timeline', '--ino', '15', '--quote')
    const trace = exampleText('sysfs-reset').split('\n')
    expect(told.map(({ text }) => text)).toEqual(told.map(({ line }) => trace[line - 1]))
    expect(await at.json<Told[]>('timeline', '--ino', '15')).toEqual(told.map(({ text: _, ...rest }) => rest))
    const lines = (await at.run('timeline', '--ino', '15', '--quote')).stdout.toString().trimEnd().split('\n')
    const marks = lines.filter((line) => /^ +\^ /.test(line))
    expect(lines.filter((line) => !marks.includes(line))).toEqual(told.map(({ line, text }) => `line ${line}  ${text}`))
    const reset = lines.findIndex((line) => line.startsWith('line 45  '))
    expect(lines.slice(reset + 1, reset + 3)).toEqual([
      expect.stringMatching(/^ +\^ critical reset-while-mapped, violated: /),
      expect.stringMatching(/^ +\^ error reset-without-revoke, violated: /),
    ])
    expect(marks).toHaveLength(2)
  })

  test('--quote says what leaves a finding open', async () => {
    const text = exampleText('sysfs-reset').replace(/^(.*: dbuf_map: .*)$/m, '$1\nCPU:1 [LOST 252 EVENTS]')
    await at.run('ingest', at.file('lost.txt', text))
    const { stdout } = await at.run('timeline', '--capture', '2', '--quote')
    expect(stdout.toString()).toMatch(
      /\^ critical reset-while-mapped, undetermined: .* not certain: 252 events lost on CPU 1 \(the ring buffer was full\)\n/,
    )
  })

  test('as JSON: in time order, with the time since the event before', async () => {
    const told = await at.json<Told[]>('timeline', '--ino', '15')
    const times = told.map(({ ts_ns }) => BigInt(ts_ns))
    for (let i = 1; i < told.length; i++) expect(told[i]!.since_ns).toBe(String(times[i]! - times[i - 1]!))
    expect(told[0]!.since_ns).toBeNull()
    expect(times).toEqual([...times].sort((a, b) => (a < b ? -1 : 1)))
    const marked = told.filter(({ findings }) => findings.length > 0)
    expect(marked.map(({ line, findings }) => [line, findings.length])).toEqual([[45, 2]])
  })

  test("an exporter's story has its buffers, an importer's its own calls", async () => {
    const exporter = await at.json<Told[]>('timeline', '--device', '0000:01:00.0')
    for (const type of ['reset', 'export', 'map', 'unmap', 'device-move'])
      expect(
        exporter.some((event) => event.type === type),
        type,
      ).toBe(true)
    const importer = await at.json<Told[]>(
      'timeline',
      '--device',
      '0000:02:00.0',
      '--from',
      '67.868700',
      '--to',
      '67.87',
    )
    expect(importer.some(({ name }) => name === 'dbuf_map')).toBe(true)
    expect(importer.every(({ ts_ns }) => BigInt(ts_ns) >= 67_868_700_000n && BigInt(ts_ns) <= 67_870_000_000n)).toBe(
      true,
    )
  })

  test('can be cut to a period and a number of events', async () => {
    const all = await at.json<Told[]>('timeline', '--ino', '15')
    expect(await at.json('timeline', '--ino', '15', '--limit', '3')).toEqual(all.slice(0, 3))
    const late = await at.json<Told[]>('timeline', '--ino', '15', '--from', '68.0')
    expect(late.map(({ line }) => line)).toEqual(
      all.filter(({ ts_ns }) => BigInt(ts_ns) >= 68_000_000_000n).map(({ line }) => line),
    )
  })

  test('an event without a task has a blank in its column, and null in JSON', async () => {
    const log = at.file('dmesg.txt', '[    9.100000] pci 0000:01:00.0: hello\n[  100.500000] pci 0000:01:00.0: again\n')
    await at.run('ingest', log)
    const { stdout } = await at.run('timeline', '--capture', '2')
    expect(stdout.toString().split('\n').slice(0, 2)).toEqual([
      expect.stringMatching(/^ {2}9\.100000 +console {12,}console: pci 0000:01:00\.0: hello {2}\(line 1\)$/),
      expect.stringMatching(/^100\.500000 +\+91\.400 s +console {12,}console: pci 0000:01:00\.0: again {2}\(line 2\)$/),
    ])
    const told = await at.json<{ comm: string | null; pid: number | null }[]>('timeline', '--capture', '2')
    expect(told.map(({ comm, pid }) => [comm, pid])).toEqual([
      [null, null],
      [null, null],
    ])
  })

  test('refuses a period that ends before it begins, and two subjects at once', async () => {
    const period = await at.run('timeline', '--from', '68.1', '--to', '68.0')
    expect([period.code, period.stdout.length]).toEqual([2, 0])
    expect(period.stderr).toContain('--from 68.1 is after --to 68.0')
    const both = await at.run('timeline', '--ino', '15', '--device', '0000:01:00.0')
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('--ino and --device')])
  })

  test('without a subject it tells every event that means something', async () => {
    const told = await at.json<Told[]>('timeline')
    expect(told.every(({ type }) => type !== 'other')).toBe(true)
    expect(told.length).toBeGreaterThan(40)
  })

  test('sorts a trace whose times run backwards', async () => {
    const lines = exampleText('iommu-fault').split('\n')
    const first = lines.findIndex((line) => line.includes('dbuf_attached'))
    lines.splice(first, 2, lines[first + 1]!, lines[first]!)
    await at.run('ingest', at.file('trace.txt', lines.join('\n')))
    const told = await at.json<Told[]>('timeline', '--capture', '2')
    const times = told.map(({ ts_ns }) => BigInt(ts_ns))
    expect(times).toEqual([...times].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
  })

  test.each([
    [['--ino', '99'], /no buffer 99; see: .*query buffers/],
    [['--device', 'floppy'], /no device floppy/],
    [['--ino', 'x'], /--ino "x" is not an inode number/],
    [['--from', 'noon'], /--from "noon" is not a time/],
    [['--capture', '7'], /this log has only 1/],
  ])('%j: exit 2 with what to do', async (flags, message) => {
    const { code, stderr } = await at.run('timeline', ...flags)
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
  })
})

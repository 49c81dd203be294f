import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { revenant } from './run-revenant.ts'
import { useWorkspace } from './workspace.ts'

const at = useWorkspace()

const G = readFileSync(new URL('../fixtures/layouts/G-console-oops-dump.txt', import.meta.url))

/** An FLR that gave up and was done otherwise, and an access after it: what the log shows, and no more. */
const INCIDENT = `[ 2400.100000] vfio-pci 0000:0c:00.3: resetting
[ 2423.556570] vfio-pci 0000:0c:00.3: not ready 1023ms after FLR; waiting
[ 2496.387544] vfio-pci 0000:0c:00.3: not ready 65535ms after FLR; giving up
[ 2496.500000] vfio-pci 0000:0c:00.3: reset done
[ 2496.600000] DMAR: DRHD: handling fault status reg 2
[ 2496.600010] DMAR: [DMA Write NO_PASID] Request device [0c:00.3] fault addr 0xffff0000 [fault reason 0x05] PTE Write access is not set
[ 2501.600010] dmar_fault: 2474 callbacks suppressed
`

interface Document {
  format: string
  lines: number
  events: number
  structural: number
  malformed: number
  gaps: number
  kernel: string | null
  clock: string | null
  findings: Record<string, number>
  undetermined: number
}

describe('a kernel log alone', () => {
  test('tells of a reset and a fault, and proves nothing', async () => {
    const path = at.file('dmesg.txt', INCIDENT)
    const document = await at.json<Document>('ingest', path)
    expect(document).toMatchObject({ format: 'dmesg', lines: 7, events: 7, clock: null })
    expect(document.findings).toEqual({ critical: 0, error: 0, warning: 0, info: 1 })
    const resets = await at.json<object[]>('query', 'resets')
    expect(resets).toEqual([
      expect.objectContaining({ device: '0000:0c:00.3', method: 'flr', result: 'timeout', verdict: 'undetermined' }),
    ])
    const gaps = await at.json<object[]>('query', 'gaps')
    expect(gaps).toEqual([expect.objectContaining({ lost: 2474, from_ns: '2496600010000', to_ns: '2501600010000' })])
    const { code } = await at.run('check')
    expect(code).toBe(0)
  })

  test('of two boots carries nothing over', async () => {
    const path = at.file(
      'two.txt',
      `${INCIDENT}[    0.000000] Linux version 7.3.4 (x)\n${INCIDENT.replaceAll('[ 24', '[    ')}`,
    )
    await at.json<Document>('ingest', path)
    const resets = await at.json<{ started_ns: string; finished_ns: string }[]>('query', 'resets')
    expect(resets.length).toBe(2)
    const [first, second] = resets.map(({ started_ns, finished_ns }) => BigInt(finished_ns) - BigInt(started_ns))
    expect(second).toBe(first)
    expect(await at.json<object[]>('query', 'gaps')).toContainEqual(
      expect.objectContaining({ reason: 'another boot begins' }),
    )
  })

  test('is told from its host', async () => {
    await at.json(
      'ingest',
      at.file('journal.txt', `May 23 22:59:46 mesquite kernel: vfio-pci 0000:05:00.3: resetting\n`),
    )
    expect(await at.json('query', 'captures')).toEqual([expect.objectContaining({ host: 'mesquite', format: 'dmesg' })])
  })

  test('says what it took for granted', async () => {
    const path = at.file('journal.txt', `May 23 22:59:46 mesquite kernel: vfio-pci 0000:05:00.3: resetting\n`)
    const { stderr } = await at.run('ingest', path)
    expect(stderr).toMatch(/journal\.txt: its times name no year/)
    expect(stderr).toMatch(/journal\.txt: its times name no zone/)
    expect((await at.run('ingest', path, '--quiet')).stderr).toBe('')
  })
})

describe('a kernel log with a dump of the trace buffer', () => {
  test('is one story on one clock, and says so', async () => {
    const path = at.file('console.txt', G)
    const { code, stdout, stderr } = await at.run('ingest', path, '--json')
    expect(code).toBe(0)
    expect(stderr).toMatch(/aligned with the log by 3 lines that are in both: its times \+ 7370241 us, within 436 us/)
    expect(JSON.parse(stdout.toString())).toMatchObject({
      format: 'console-log',
      lines: 422,
      events: 389,
      structural: 33,
      malformed: 0,
      kernel: '7.3.4+deb13-amd64',
      findings: { critical: 2, error: 1, warning: 0 },
    })
    // A fault behind the dump's end may be of a mapping that nobody recorded.
    const findings = await at.json<{ rule: string; verdict: string; ts_ns: string }[]>('query', 'findings')
    expect(
      findings.filter(({ rule }) => rule === 'use-after-revoke').map(({ ts_ns, verdict }) => [ts_ns, verdict]),
    ).toEqual([
      ['18791381000', 'violated'],
      ['19023180000', 'violated'],
      ['21657089000', 'undetermined'],
    ])
    const resets = await at.json<{ verdict: string }[]>('query', 'resets')
    expect(resets.map(({ verdict }) => verdict)).toEqual(Array(6).fill('clean'))
    expect((await at.run('verify')).code).toBe(0)
  })

  test('is judged in the order of time, whichever of the two tells of a reset', async () => {
    const untold = G.toString('latin1').replace(/^.*us : console: vfio-pci .*: reset[^\n]*\n/gm, '')
    const { stdout } = await at.run('ingest', at.file('console.txt', untold))
    expect(stdout.toString()).toContain('it holds more than one input: events were judged in the order of their times')
    expect(stdout.toString()).toContain('2 critical, 1 error, 0 warning')
    const gaps = await at.json<{ reason: string }[]>('query', 'gaps')
    expect(gaps.map(({ reason }) => reason)).toEqual(['the trace ends with its dump, the kernel log goes on'])
    const resets = await at.json<{ verdict: string; method: string }[]>('query', 'resets')
    expect(resets.map(({ verdict, method }) => `${verdict} ${method}`)).toEqual(Array(6).fill('clean flr'))
  })

  test('is read from standard input as from a file', async () => {
    const { code, stdout, stderr } = await revenant(['ingest', '-', '--json', '--db', at.db], {}, Readable.from([G]))
    expect(code).toBe(0)
    expect(stderr).toMatch(/-: the ftrace dump in it is aligned/)
    expect(JSON.parse(stdout.toString())).toMatchObject({
      format: 'console-log',
      findings: { critical: 2 },
      lines: 422,
    })
  })

  test('can be read without the dump, or the dump without it', async () => {
    const path = at.file('console.txt', G)
    const log = await at.run('ingest', path, '--layout', 'dmesg', '--json')
    expect(log.stderr).toMatch(/285 lines of an ftrace dump in it were not judged; --layout ftrace-dump/)
    expect(JSON.parse(log.stdout.toString())).toMatchObject({ format: 'dmesg', events: 119, malformed: 0 })
    const copy = at.file('copy.txt', Buffer.concat([G, Buffer.from('\n')]))
    const dump = await at.run('ingest', copy, '--layout', 'ftrace-dump', '--json')
    expect(dump.stderr).toMatch(/119 kernel log lines around the ftrace dump have another clock .* --layout dmesg/)
    expect(JSON.parse(dump.stdout.toString())).toMatchObject({ format: 'ftrace-dump', events: 285, malformed: 0 })
  })

  test('is found behind the first 64 KiB', async () => {
    const noise = Array.from(
      { length: 2000 },
      (_, i) => `[    0.${String(i).padStart(6, '0')}] pci 0000:00:1f.${i % 8}: nothing new here\n`,
    )
    const path = at.file(
      'long.txt',
      Buffer.concat([Buffer.from(noise.join('')), G.subarray(G.indexOf('[    1.045489]'))]),
    )
    const document = await at.json<Document>('ingest', path)
    expect(document).toMatchObject({ format: 'console-log', findings: { critical: 2 }, malformed: 0 })
  })

  test('is not merged with other inputs', async () => {
    const path = at.file('console.txt', G)
    const { code, stderr } = await at.run('ingest', '--merge', path, at.file('dmesg.txt', INCIDENT))
    expect([code, stderr]).toEqual([3, expect.stringMatching(/two inputs by itself\. Ingest it alone/)])
  })
})

import { describe, expect, test } from 'vitest'
import { example, exampleText, useWorkspace } from './workspace.ts'

const at = useWorkspace()

interface Quoted {
  finding: string
  verdict: string
  evidence: { position: string; capture: number; line: string; ts_ns: string; text: string }[]
  gaps: object[]
}

describe('check', () => {
  test('fails on proven findings at or above the limit', async () => {
    await at.run('ingest', example('slow-importer'))
    expect((await at.run('check')).code).toBe(0)
    const { code, stdout } = await at.run('check', '--fail-on', 'warning')
    expect(code).toBe(1)
    expect(stdout.toString()).toContain('warning  late-unmap  violated')
    expect(stdout.toString()).toMatch(/line 37 .*dbuf_map/)
    expect(stdout.toString()).toMatch(/docs\/rules\/<rule>\.md\n$/)
  })

  test('judges one capture or all of them', async () => {
    await at.run('ingest', example('clean-flr'), example('sysfs-reset'))
    expect((await at.run('check')).code).toBe(1)
    expect((await at.run('check', '--capture', '1')).code).toBe(0)
    expect((await at.run('check', '--capture', '2')).code).toBe(1)
    const { code, stderr } = await at.run('check', '--capture', '3')
    expect(code).toBe(2)
    expect(stderr).toMatch(/--capture 3: there is no such capture; this log has 1 to 2; see: .*query captures --db /)
  })

  test('an undetermined finding fails only under --strict', async () => {
    const text = exampleText('sysfs-reset').replace(/^(.*: dbuf_map: .*)$/m, '$1\nCPU:1 [LOST 252 EVENTS]')
    await at.run('ingest', at.file('trace.txt', text))
    const findings = await at.json<{ verdict: string; severity: string }[]>('query', 'findings')
    expect(findings.filter(({ severity }) => severity !== 'info').map(({ verdict }) => verdict)).toContain(
      'undetermined',
    )
    expect(findings.some(({ verdict, severity }) => verdict === 'violated' && severity !== 'info')).toBe(false)
    expect((await at.run('check')).code).toBe(0)
    expect((await at.run('check', '--strict')).code).toBe(4)
  })

  test('--json has the findings of the query, with their counts', async () => {
    await at.run('ingest', example('sysfs-reset'))
    const { code, stdout } = await at.run('check', '--json')
    expect(code).toBe(1)
    const document = JSON.parse(stdout.toString())
    expect(document).toMatchObject({
      failed: true,
      counts: { critical: 1, error: 1, warning: 0, info: 0, undetermined: 0 },
      incomplete: [],
    })
    const rows = await at.json<{ finding: string; evidence: string[] }[]>('query', 'findings')
    const plain = (list: { finding: string; evidence: string[] }[]) =>
      list.map(({ finding, evidence }) => [finding, evidence]).sort()
    expect(plain(document.findings)).toEqual(plain(rows))
  })

  describe('--quote', () => {
    const lost = () => exampleText('sysfs-reset').replace(/^(.*: dbuf_map: .*)$/m, '$1\nCPU:1 [LOST 252 EVENTS]')

    test('quotes lines whole, as they stand in the trace, with number and position', async () => {
      await at.run('ingest', example('clean-flr'), example('sysfs-reset'))
      const rows = await at.json<{ finding: string; evidence: string[] }[]>('query', 'findings', '-p', 'capture=2')
      const before = (await at.json<unknown[]>('query', 'events', '-p', 'capture=1')).length
      const text = exampleText('sysfs-reset').split('\n')
      const { stdout } = await at.run('check', '--capture', '2', '--quote')
      const quoted = [...stdout.toString().matchAll(/^ {4}line +(\d+) {2}position +(\d+) {2}(.*)$/gm)]
      expect(quoted.map(([, , position]) => position).sort()).toEqual(rows.flatMap(({ evidence }) => evidence).sort())
      for (const [, line, position, words] of quoted) {
        expect(words).toBe(text[Number(line) - 1])
        expect(Number(position)).toBeGreaterThan(before)
      }
    })

    test('at most so many lines of a finding, the first and the last among them', async () => {
      await at.run('ingest', example('sysfs-reset'))
      const [reset] = await at.json<{ evidence: string[] }[]>('query', 'findings', '-p', 'rule=reset-without-revoke')
      const positions = async (...flags: string[]) => {
        const text = (await at.run('check', ...flags)).stdout.toString()
        const part = text.slice(text.indexOf('reset-without-revoke'))
        return [/… \d+ more/.exec(part)?.[0], [...part.matchAll(/position +(\d+) /g)].map(([, position]) => position)]
      }
      const { evidence } = reset!
      expect(evidence).toHaveLength(4)
      expect(await positions('--quote')).toEqual([undefined, evidence])
      expect(await positions('--quote=all')).toEqual([undefined, evidence])
      expect(await positions('--quote=3')).toEqual(['… 1 more', [evidence[0], evidence[1], evidence[3]]])
      expect(await positions('--quote', '1')).toEqual(['… 3 more', [evidence[0]]])
    })

    test('an undetermined finding shows the gap in its way, with its mark in the trace', async () => {
      const text = lost().split('\n')
      const mark = text.findIndex((line) => line.startsWith('CPU:1 [LOST')) + 1
      await at.run('ingest', at.file('trace.txt', text.join('\n')))
      const { stdout } = await at.run('check', '--quote')
      expect(stdout.toString()).toContain(
        [
          '  in the way: gap on CPU 1 from 67.868728 to 67.868764: 252 events missing (the ring buffer was full)',
          `    line ${mark - 1}  before  ${text[mark - 2]}`,
          `    line ${mark}  mark    CPU:1 [LOST 252 EVENTS]`,
          `    line ${mark + 1}  after   ${text[mark]}`,
        ].join('\n'),
      )
    })

    test('or the probes that would have decided it', async () => {
      const text = exampleText('sysfs-reset').split('\n')
      const left = text.filter((line) => !/: (?:dbuf_inval|vfiodb_move)\w*: /.test(line))
      await at.run('ingest', at.file('trace.txt', left.join('\n')))
      const { stdout } = await at.run('check', '--quote')
      expect(stdout.toString()).toMatch(/never recorded: dma_buf_invalidate_mappings .*; or vfio_pci_dma_buf_move\n/)
    })

    test('--json has the lines in place of the positions', async () => {
      await at.run('ingest', at.file('trace.txt', lost()))
      const { findings } = await at.json<{ findings: Quoted[] }>('check', '--quote')
      const plain = await at.json<{ findings: { finding: string; evidence: string[] }[] }>('check')
      expect(findings.map(({ finding, evidence }) => [finding, evidence.map(({ position }) => position)])).toEqual(
        plain.findings.map(({ finding, evidence }) => [finding, evidence]),
      )
      const text = lost().split('\n')
      for (const { capture, line, text: words } of findings.flatMap(({ evidence }) => evidence))
        expect([capture, words]).toEqual([1, text[Number(line) - 1]])
      const open = findings.filter(({ verdict }) => verdict === 'undetermined')
      expect(open.length).toBeGreaterThan(0)
      for (const { gaps } of open)
        expect(gaps).toMatchObject([{ cpu: 1, lost: 252, lines: [{}, { role: 'mark' }, {}] }])
    })

    test.each(['0', 'some', '1.5'])('--quote=%s: exit 2', async (lines) => {
      await at.run('ingest', example('sysfs-reset'))
      const { code, stderr } = await at.run('check', `--quote=${lines}`)
      expect([code, stderr]).toEqual([2, expect.stringContaining('Lines are a number from 1 on, or all.')])
    })

    test('bytes that a terminal obeys are escaped', async () => {
      const text = exampleText('sysfs-reset').replace(/tool-223( .*: dbuf_map: )/, '\x1b[2Jt-223$1')
      await at.run('ingest', at.file('trace.txt', Buffer.from(text, 'latin1')))
      const { stdout } = await at.run('check', '--quote')
      expect(stdout.toString()).toContain('\\e[2Jt-223 ')
      expect(stdout.includes(0x1b)).toBe(false)
    })
  })

  test('without a database: exit 3, and how to make one', async () => {
    const { code, stderr } = await at.run('check')
    expect(code).toBe(3)
    expect(stderr).toMatch(/there is no database; make one with: revenant ingest/)
  })
})

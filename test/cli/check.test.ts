import { describe, expect, test } from 'vitest'
import { example, exampleText, useWorkspace } from './workspace.ts'

const at = useWorkspace()

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

  test('without a database: exit 3, and how to make one', async () => {
    const { code, stderr } = await at.run('check')
    expect(code).toBe(3)
    expect(stderr).toMatch(/there is no database; make one with: revenant ingest/)
  })
})

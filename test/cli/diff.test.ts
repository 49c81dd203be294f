import { describe, expect, test } from 'vitest'
import { example, exampleText, useWorkspace } from './workspace.ts'

const at = useWorkspace()

/** A trace, and the same recorded again: another time, another buffer, other processes and addresses. */
function again(name: string): string {
  return exampleText(name)
    .replace(/\bino=(\d+)/g, 'ino=7$1')
    .replace(/ffff889a/g, 'ffff9a01')
    .replace(/\btool-(\d+)/g, 'tool-9$1')
    .replace(/ (\d+)\.(\d{6}): /g, (_, s: string, us: string) => ` ${Number(s) + 1000}.${us}: `)
}

describe('diff', () => {
  test('two runs of the same differ in nothing', async () => {
    await at.run('ingest', example('sysfs-reset'), at.file('again.txt', again('sysfs-reset')))
    const inos = await at.json<{ ino: string }[]>('query', 'buffers')
    expect(inos.map(({ ino }) => ino)).toEqual(['15', '715'])
    const { code, stdout } = await at.run('diff', '1', '2', '--json')
    expect(code).toBe(0)
    const { findings, importers, worse, lost_sight } = JSON.parse(stdout.toString())
    expect([worse, lost_sight]).toEqual([false, []])
    expect(findings.map((f: { rule: string; change: string }) => `${f.change} ${f.rule}`)).toEqual([
      'same reset-while-mapped',
      'same reset-without-revoke',
    ])
    expect(importers.map((i: { change: string }) => i.change)).toEqual(['same'])
  })

  test('exit 1 where the second has a new finding that is severe enough, and 0 the other way round', async () => {
    await at.run('ingest', example('clean-flr'), example('slow-importer'))
    expect((await at.run('diff', '1', '2')).code).toBe(0)
    const { code, stdout } = await at.run('diff', '1', '2', '--fail-on', 'warning')
    expect(code).toBe(1)
    const page = stdout.toString()
    expect(page).toMatch(/^from capture 1, clean-flr\.txt \(T3\): 1 buffer, 2 attachments, 1 revocation, 3 resets$/m)
    expect(page).toMatch(/^ {2}new +0 → 1 +warning late-unmap: vfio_pci_core, 0000:00:04\.0 \(dynamic\)$/m)
    expect(page).toMatch(/^ {2}revocations by vfio_pci_core: too few to tell; 1 of 13\.0 ms → 1 of 3\.006 s$/m)
    expect((await at.run('diff', '2', '1', '--fail-on', 'warning')).code).toBe(0)
  })

  test('takes names, and says that what a lossy trace does not show may only not have been seen', async () => {
    const lines = exampleText('sysfs-reset').split('\n')
    const reset = lines.findIndex((line) => line.includes('pcirst_disable'))
    lines.splice(reset, 1, 'CPU:0 [LOST 5 EVENTS]')
    const lossy = at.file('lossy.txt', lines.join('\n').replace(/^.*(pcirst|resetting|reset done).*\n/gm, ''))
    await at.run('ingest', example('sysfs-reset'), lossy)
    const { code, stdout } = await at.run('diff', 'sysfs-reset.txt', 'lossy.txt', '--strict', '--json')
    expect(code).toBe(4)
    const { findings, incomplete, lost_sight } = JSON.parse(stdout.toString())
    expect(incomplete).toBe(true)
    expect(lost_sight).toEqual(expect.arrayContaining(['it has 1 gap, the first has 0']))
    const gone = findings.filter((f: { change: string }) => f.change === 'gone')
    expect(gone.length).toBeGreaterThan(0)
    for (const { unsure } of gone) expect(unsure).toEqual(expect.arrayContaining(['the second trace has 1 gap']))
  })

  test.each([
    [['1', '9'], /no capture 9; see: .*query captures/],
    [['1', 'nothing.txt'], /no capture nothing\.txt/],
    [['clean-flr.txt', '1'], /captures 1, 2 are all called clean-flr\.txt; give the number/],
    [['1'], /missing required argument/],
    [['1', '2', '--format', 'csv'], /--format csv is for rows/],
  ])('%j: exit 2 with what to do', async (args, message) => {
    const twin = at.file('clean-flr.txt', `#\n${exampleText('clean-flr')}`)
    await at.run('ingest', example('clean-flr'), twin)
    const { code, stdout, stderr } = await at.run('diff', ...args)
    expect([code, stdout.length]).toEqual([2, 0])
    expect(stderr).toMatch(message)
  })
})

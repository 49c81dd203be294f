import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SCENARIO_NAMES } from '../../src/simulate/scenarios/index.ts'
import { useWorkspace } from './workspace.ts'

interface Truth {
  complete: boolean
  findings: { rule: string; ino?: string; importer_device?: string; verdict: string }[]
  arguable: object[]
  resets: object[]
}

interface Row {
  rule: string
  ino: string | null
  importer_device: string | null
  verdict: string
  severity: string
}

describe('simulate', () => {
  const w = useWorkspace()
  const read = <T>(name: string) => JSON.parse(readFileSync(join(w.dir, name), 'utf8')) as T
  const claims = (rows: readonly { rule: string; ino?: string | null; importer_device?: string | null }[]) =>
    rows.map(({ rule, ino, importer_device }) => `${rule} ${ino ?? '-'} ${importer_device ?? '-'}`).sort()
  const violated = (rows: readonly Row[]) =>
    claims(rows.filter(({ verdict, severity }) => verdict === 'violated' && severity !== 'info'))

  it('writes a trace that is judged as its truth says', async () => {
    const trace = join(w.dir, 'trace.txt')
    const truth = join(w.dir, 'truth.json')
    const made = await w.run('simulate', 'sysfs-reset', '--seed', '7', '--truth', truth, '-o', trace)
    expect(made).toMatchObject({ code: 0, stderr: expect.stringMatching(/^sysfs-reset, seed 7: \d+ lines\n$/) })
    const { complete, findings, arguable } = read<Truth>('truth.json')
    expect({ complete, arguable }).toEqual({ complete: true, arguable: [] })
    expect(findings.map(({ rule }) => rule).sort()).toEqual(['reset-while-mapped', 'reset-without-revoke'])
    await w.json('ingest', trace)
    expect(violated(await w.json<Row[]>('query', 'findings'))).toEqual(claims(findings))
  })

  it('gives the same trace for the same seed, and another for another', async () => {
    const [one, same, other] = await Promise.all(
      ['3', '3', '4'].map((seed) => w.run('simulate', 'flr', '--seed', seed)),
    )
    expect(one!.stdout.length).toBeGreaterThan(1000)
    expect(same!.stdout.equals(one!.stdout)).toBe(true)
    expect(other!.stdout.equals(one!.stdout)).toBe(false)
  })

  it('is judged alike when its lines are out of step, and when it was saved in several captures', async () => {
    const found: string[][] = []
    const options = [[], ['--disorder'], ['--captures', '3']]
    for (const [i, more] of options.entries()) {
      const trace = join(w.dir, `trace-of-${i}.txt`)
      await w.run('simulate', 'storm', '--seed', '11', '--events', '900', ...more, '-o', trace)
      const parts = readdirSync(w.dir).filter((name) => name.startsWith(`trace-of-${i}`))
      expect(parts).toHaveLength(more[0] === '--captures' ? 3 : 1)
      const merge = parts.length > 1 ? ['--merge'] : []
      await w.json('ingest', ...merge, ...parts.map((name) => join(w.dir, name)))
      found.push(violated(await w.json<Row[]>('query', 'findings', '-p', `capture=${i + 1}`)))
    }
    expect(found[0]!.length).toBeGreaterThan(2)
    expect(found[1]).toEqual(found[0])
    // Between two captures events may be missing, so it can only say less.
    for (const claim of found[2]!) expect(found[0]).toContain(claim)
  })

  it('says that a trace with holes is not complete, and proves nothing of it', async () => {
    const truth = join(w.dir, 'truth.json')
    const flags = ['--lose', '20%', '--probes', 'T3,-unmaps', '--truth', truth]
    expect((await w.run('simulate', 'sysfs-reset', ...flags)).code).toBe(0)
    const { complete, findings, arguable } = read<Truth>('truth.json')
    expect({ complete, findings }).toEqual({ complete: false, findings: [] })
    expect(arguable.length).toBeGreaterThan(0)
  })

  it('lists its scenarios', async () => {
    const listed = (await w.run('simulate', '--list')).stdout.toString().trimEnd().split('\n')
    expect(listed.map((line) => line.split(' ')[0])).toEqual(SCENARIO_NAMES)
    const documents = JSON.parse((await w.run('simulate', '--list', '--json')).stdout.toString()) as { name: string }[]
    expect(documents.map(({ name }) => name)).toEqual(SCENARIO_NAMES)
  })

  it.each([
    [[], /no scenario was given; see: revenant simulate --list/],
    [['nope'], /there is no scenario "nope"/],
    [['flr', '--seed', 'x'], /--seed x is no whole number/],
    [['flr', '--cpus', '0'], /--cpus 0 is no whole number from 1 to 512/],
    [['flr', '--lose', 'some'], /--lose some is no share of the events, such as 5%/],
    [['flr', '--lose', '5%', '--layout', 'perf'], /perf script has no line for lost events/],
    [['flr', '--probes', 'T9'], /--probes T9 is no tier/],
    [['flr', '--captures', '2'], /give their name as --output/],
    [['flr', '--format', 'csv'], /what it writes is a trace, not csv/],
  ])('refuses %j in words', async (args, words) => {
    expect(await w.run('simulate', ...args)).toMatchObject({ code: 2, stderr: expect.stringMatching(words) })
  })

  it('writes over nothing', async () => {
    const there = w.file('there.txt', 'mine\n')
    const refused = await w.run('simulate', 'flr', '-o', there)
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already') })
    expect(readFileSync(there, 'utf8')).toBe('mine\n')
    const truth = await w.run('simulate', 'flr', '--truth', there, '-o', join(w.dir, 'new.txt'))
    expect(truth.code).toBe(2)
    expect(existsSync(join(w.dir, 'new.txt'))).toBe(false)
  })
})

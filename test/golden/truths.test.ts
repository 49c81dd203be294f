import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { foldFile } from '../support/fold-file.ts'
import { FIXTURES, LIBRARY, tracesIn } from '../support/real-traces.ts'
import { unsound } from '../support/sound.ts'
import { compareWithTruth } from '../support/truth.ts'

const small = tracesIn(FIXTURES)
const known = new Set(small.map((trace) => trace.name))
const large = tracesIn(LIBRARY).filter((trace) => !known.has(trace.name))

describe('real traces give what is true of them', () => {
  it('has its fixtures', () => {
    expect(small.length).toBeGreaterThanOrEqual(22)
  })

  for (const { name, path, truth } of small) {
    it(name, async () => {
      const folded = await foldFile(path)
      expect(compareWithTruth(folded, truth)).toEqual([])
      expect(unsound(folded)).toEqual([])
    })
  }

  it.skipIf(!existsSync(LIBRARY)).each(large)('$name', async ({ path, truth }) => {
    expect(compareWithTruth(await foldFile(path), truth)).toEqual([])
  })
})

describe('the comparison itself', () => {
  it('misses nothing that is taken away, and sees what is added', async () => {
    const sysfs = small.find((trace) => trace.name.endsWith('sysfs.txt'))!
    const folded = await foldFile(sysfs.path)
    const fewer = folded.findings.filter((finding) => finding.rule !== 'reset-while-mapped')
    expect(compareWithTruth({ ...folded, findings: fewer }, sysfs.truth)).toEqual([
      expect.stringMatching(/^missed: reset-while-mapped/),
    ])
    const more = [
      ...folded.findings,
      {
        ...folded.findings[0]!,
        rule: 'double-unmap' as const,
        verdict: 'violated' as const,
        severity: 'critical' as const,
      },
    ]
    expect(compareWithTruth({ ...folded, findings: more }, sysfs.truth)).toEqual([
      expect.stringMatching(/^false: double-unmap/),
    ])
    const moved = folded.resets.map((reset) => ({ ...reset, method: 'bus' as const }))
    expect(compareWithTruth({ ...folded, resets: moved }, sysfs.truth).length).toBeGreaterThan(0)
  })
})

import { describe, expect, test } from 'vitest'
import { compareCaptures } from '../../src/diff/compare-captures.ts'
import { isWorse } from '../../src/diff/compare-findings.ts'
import { distribution } from '../../src/diff/compare-latencies.ts'
import type { CaptureEvidence, Coverage, FindingGroup, ImporterFact, Latencies } from '../../src/diff/evidence.ts'

const COVERAGE: Coverage = {
  tier: 'T3',
  gaps: 0,
  malformed: 0,
  complete: true,
  ticks: false,
  undetermined: 0,
  openEpisodes: 0,
  blind: new Map(),
  buffers: 3,
  attachments: 3,
  revocations: 3,
  resets: 3,
}
const NIC: ImporterFact = {
  device: '0000:02:00.0',
  class: 'dynamic',
  callback: 'nic_invalidate',
  p2p: true,
  basis: 'declared',
  deferred: null,
}
const LATE: FindingGroup = {
  rule: 'late-unmap',
  severity: 'error',
  verdict: 'violated',
  exporter: 'vfio_pci_core',
  importerClass: 'dynamic',
  importer: '0000:02:00.0',
  count: 2,
}

const evidence = (more: Partial<Omit<CaptureEvidence, 'coverage'>> = {}, coverage: Partial<Coverage> = {}) => ({
  findings: [],
  importers: [NIC],
  latencies: [],
  ...more,
  coverage: { ...COVERAGE, ...coverage },
})
const withFindings = (...findings: FindingGroup[]) => evidence({ findings })

describe('findings', () => {
  const change = (before: FindingGroup[], after: FindingGroup[]) =>
    compareCaptures(withFindings(...before), withFindings(...after)).findings.map((f) => [f.change, f.before, f.after])

  test('new, more, same, fewer, gone', () => {
    const three = { ...LATE, count: 3 }
    expect(change([], [LATE])).toEqual([['new', 0, 2]])
    expect(change([LATE], [three])).toEqual([['more', 2, 3]])
    expect(change([LATE], [LATE])).toEqual([['same', 2, 2]])
    expect(change([three], [LATE])).toEqual([['fewer', 3, 2]])
    expect(change([LATE], [])).toEqual([['gone', 2, 0]])
  })

  test.each([
    ['rule', 'leaked-mapping'],
    ['severity', 'warning'],
    ['verdict', 'undetermined'],
    ['exporter', 'ib_uverbs'],
    ['importerClass', 'legacy'],
    ['importer', '0000:03:00.0'],
  ] as const)('another %s is another finding', (field, value) => {
    expect(change([LATE], [{ ...LATE, [field]: value } as FindingGroup])).toEqual([
      ['new', 0, 2],
      ['gone', 2, 0],
    ])
  })

  test('what is worse stands first, the most severe of it before the rest', () => {
    const warning = { ...LATE, severity: 'warning' as const }
    const critical = { ...LATE, severity: 'critical' as const }
    const { findings } = compareCaptures(withFindings(LATE), withFindings(warning, critical))
    expect(findings.map((f) => `${f.change} ${f.severity}`)).toEqual(['new critical', 'new warning', 'gone error'])
  })

  test('the second is worse by new or more proven findings that are severe enough', () => {
    const worse = (before: FindingGroup[], after: FindingGroup[], least: 'error' | 'warning') =>
      isWorse(compareCaptures(withFindings(...before), withFindings(...after)).findings, least)
    expect(worse([], [LATE], 'error')).toBe(true)
    expect(worse([LATE], [{ ...LATE, count: 3 }], 'error')).toBe(true)
    expect(worse([LATE], [LATE], 'error')).toBe(false)
    expect(worse([LATE], [], 'error')).toBe(false)
    expect(worse([], [{ ...LATE, severity: 'warning' }], 'error')).toBe(false)
    expect(worse([], [{ ...LATE, severity: 'warning' }], 'warning')).toBe(true)
    expect(worse([], [{ ...LATE, verdict: 'undetermined' }], 'warning')).toBe(false)
  })
})

describe('what is gone may only not have been seen', () => {
  const unsure = (after: CaptureEvidence) => compareCaptures(withFindings(LATE), after).findings.at(-1)!.unsure

  test('where nothing stands against it, it is gone', () => {
    expect(unsure(evidence())).toEqual([])
  })

  test.each<[Partial<Coverage>, RegExp]>([
    [{ gaps: 1 }, /has 1 gap$/],
    [{ malformed: 4 }, /not understood/],
    [{ complete: false }, /not read to its end/],
    [{ blind: new Map([['late-unmap', 'no unmaps']]) }, /second trace has no unmaps/],
    [{ revocations: 0 }, /nothing was revoked/],
    [{ resets: 0 }, /nothing was reset/],
    [{ attachments: 0 }, /nobody attached/],
  ])('%j', (coverage, words) => {
    expect(unsure(evidence({}, coverage))).toEqual([expect.stringMatching(words)])
  })

  test('its importer was not there, or it is undetermined there', () => {
    expect(unsure(evidence({ importers: [{ ...NIC, device: '0000:09:00.0' }] }))).toEqual([
      '0000:02:00.0 attached to nothing in the second trace',
    ])
    expect(unsure(withFindings({ ...LATE, verdict: 'undetermined' }))).toEqual(['it is undetermined there'])
  })

  test('a lower tier and kinds of evidence that only the first has are said once for all', () => {
    const blind = new Map([
      ['late-unmap', 'no unmaps'],
      ['double-unmap', 'no unmaps'],
    ] as const)
    const { lostSight } = compareCaptures(evidence(), evidence({}, { tier: 'T1', blind }))
    expect(lostSight).toEqual([
      'its tier of evidence is T1, that of the first T3',
      'it has no unmaps, which the first has: late-unmap, double-unmap',
    ])
    expect(compareCaptures(evidence({}, { tier: 'T1', blind }), evidence()).lostSight).toEqual([])
  })

  test('incomplete is what leaves anything open, on either side', () => {
    for (const open of [{ gaps: 1 }, { malformed: 1 }, { complete: false }, { undetermined: 1 }, { openEpisodes: 1 }]) {
      expect(compareCaptures(evidence({}, open), evidence()).incomplete).toBe(true)
      expect(compareCaptures(evidence(), evidence({}, open)).incomplete).toBe(true)
    }
    expect(compareCaptures(evidence(), evidence()).incomplete).toBe(false)
  })
})

describe('importers', () => {
  const change = (before: ImporterFact[], after: ImporterFact[]) =>
    compareCaptures(evidence({ importers: before }), evidence({ importers: after })).importers.map((i) => [
      i.device,
      i.change,
      i.fields,
    ])

  test('new, gone, same, and what changed', () => {
    expect(change([], [NIC])).toEqual([['0000:02:00.0', 'new', []]])
    expect(change([NIC], [])).toEqual([['0000:02:00.0', 'gone', []]])
    expect(change([NIC], [NIC])).toEqual([['0000:02:00.0', 'same', []]])
    expect(change([NIC], [{ ...NIC, class: 'legacy', callback: null, p2p: null }])).toEqual([
      ['0000:02:00.0', 'changed', ['class', 'callback', 'p2p']],
    ])
    expect(change([NIC], [{ ...NIC, basis: 'observed', deferred: true }])).toEqual([
      ['0000:02:00.0', 'changed', ['basis', 'deferred']],
    ])
  })

  test('a device that imports in several ways is compared by all of them, in any order', () => {
    const other = { ...NIC, callback: 'nic_other' }
    expect(change([NIC, other], [other, NIC])).toEqual([['0000:02:00.0', 'same', []]])
    expect(change([NIC, other], [NIC])).toEqual([['0000:02:00.0', 'changed', ['callback']]])
  })
})

describe('latencies', () => {
  const unmaps = (...ns: number[]): Latencies[] => [
    { kind: 'unmap', name: '0000:02:00.0', class: 'dynamic', ns: ns.map(BigInt) },
  ]
  const row = (from: number, n: number) => Array.from({ length: n }, (_, i) => from + i)
  const verdict = (before: number[], after: number[], coverage: Partial<Coverage> = {}) =>
    compareCaptures(evidence({ latencies: unmaps(...before) }), evidence({ latencies: unmaps(...after) }, coverage))
      .latencies[0]!.verdict

  test('median, 90 % and most are values that were measured', () => {
    expect(distribution(row(1, 10).map(BigInt))).toEqual({ n: 10, p50: 5n, p90: 9n, max: 10n })
    expect(distribution([7n])).toEqual({ n: 1, p50: 7n, p90: 7n, max: 7n })
    expect(distribution([])).toEqual({ n: 0, p50: null, p90: null, max: null })
  })

  test('clearly slower, clearly faster, or no clear difference', () => {
    expect(verdict(row(0, 10), row(100, 10))).toBe('slower')
    expect(verdict(row(100, 10), row(0, 10))).toBe('faster')
    expect(verdict(row(0, 10), row(1, 10))).toBe('no clear difference')
  })

  test('one outlier is no difference', () => {
    expect(verdict(row(0, 10), [...row(0, 9), 1_000_000])).toBe('no clear difference')
  })

  test('a difference that is sure but that nobody would notice is none', () => {
    expect(verdict(row(0, 2000), row(150, 2000))).toBe('no clear difference')
    expect(verdict(row(0, 2000), row(500, 2000))).toBe('slower')
  })

  test('of seven nothing is said, however far apart; nor where a clock counts no time', () => {
    expect(verdict(row(0, 7), row(1000, 50))).toBe('too few to tell')
    expect(verdict(row(0, 50), [])).toBe('too few to tell')
    expect(verdict(row(0, 50), row(1000, 50), { ticks: true })).toBe('no clock')
  })

  test('kinds, names and classes are not mixed', () => {
    const other: Latencies = { kind: 'revocation', name: 'vfio_pci_core', class: null, ns: [1n] }
    const { latencies } = compareCaptures(
      evidence({ latencies: [...unmaps(1), other] }),
      evidence({ latencies: [other] }),
    )
    expect(latencies.map((l) => [l.kind, l.before.n, l.after.n])).toEqual([
      ['revocation', 1, 1],
      ['unmap', 1, 0],
    ])
  })
})

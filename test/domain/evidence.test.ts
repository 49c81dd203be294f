import { describe, expect, test } from 'vitest'
import { ACT_TYPES, type ActType } from '../../src/domain/act-type.ts'
import { EVIDENCE, EVIDENCE_NAMES, evidenceKind } from '../../src/domain/evidence/kinds.ts'
import { decisions, JUDGED_RULES, needsOf, tierOf } from '../../src/domain/evidence/needs.ts'
import { RULE_MODULES } from '../../src/domain/rules/index.ts'
import { evidenceTier } from '../../src/domain/world/tier.ts'

test('the table has every rule that is judged, and no other', () => {
  expect([...JUDGED_RULES].sort()).toEqual(RULE_MODULES.map(({ rule }) => rule).sort())
})

test('every kind of evidence is something that can be seen, and serves a rule or a reader', () => {
  const used = new Set(
    JUDGED_RULES.flatMap((rule) =>
      [...needsOf(rule).needs, ...(needsOf(rule).partly ?? []).map(({ need }) => need)].flat(),
    ),
  )
  for (const name of EVIDENCE_NAMES) {
    const { types, names = [] } = evidenceKind(name)
    expect(types.length + names.length, name).toBeGreaterThan(0)
    for (const type of types) expect(ACT_TYPES).toContain(type)
  }
  expect(EVIDENCE_NAMES.filter((name) => !used.has(name))).toEqual(['dma-maps'])
})

/** KERNEL.md §6: native events alone see leaks of attachments and legacy importers; probes all but what takes fences. */
test('rules need the tiers that the reference gives them', () => {
  const at = (tier: string | null) => JUDGED_RULES.filter((rule) => tierOf(rule) === tier)
  expect(at('T0')).toEqual(['non-revocable-importer', 'leaked-attachment'])
  expect(at('T1')).toEqual(['kernel-splat'])
  expect(at('T3')).toEqual(['access-after-fences', 'fences-not-awaited', 'late-fence'])
  expect(at(null)).toEqual(['incomplete-log'])
})

test('a kind of evidence makes the tier that it is said to need', () => {
  for (const name of EVIDENCE_NAMES.filter((kind) => kind !== 'accesses')) {
    const { tier, types } = EVIDENCE[name]
    for (const type of types.slice(0, 1)) {
      const reached = evidenceTier(new Set(['attach', type]))
      expect(reached !== null && reached <= tier, `${name}: ${type} gives ${reached}`).toBe(true)
    }
  }
})

describe('what can be decided', () => {
  const of = (rule: string, has: string[]) => decisions((name) => has.includes(name)).find((d) => d.rule === rule)!

  test('nothing without the evidence, and it is said which', () => {
    expect(of('double-unmap', ['maps'])).toEqual({
      rule: 'double-unmap',
      can: 'nothing',
      missing: [['unmaps']],
      why: 'no unmaps',
    })
    expect(of('early-restore', [])).toMatchObject({ can: 'nothing', missing: [['moves'], ['resets']] })
  })

  test('any of several kinds will do', () => {
    for (const told of ['invalidates', 'moves'])
      expect(of('map-while-revoked', ['maps', told])).toMatchObject({ can: 'decide', missing: [], why: null })
    expect(of('map-while-revoked', ['maps'])).toMatchObject({ missing: [['invalidates', 'moves']] })
  })

  test('a part of the cases where only the rest is missing', () => {
    expect(of('leaked-attachment', ['attaches', 'detaches'])).toMatchObject({
      can: 'partly',
      missing: [['releases', 'exits']],
    })
    expect(of('leaked-attachment', ['attaches', 'detaches', 'exits'])).toMatchObject({ can: 'decide' })
  })
})

/** KERNEL.md §6. */
test.each<[string[], string | null]>([
  [[], null],
  [['console'], null],
  ...['export', 'fd', 'get', 'put', 'attach', 'detach', 'cpu-map'].map((one): [string[], string] => [[one], 'T0']),
  ...['console', 'reset', 'fault'].map((one): [string[], string] => [['attach', one], 'T1']),
  ...['map', 'unmap', 'invalidate', 'device-move', 'reservation-wait'].map((one): [string[], string] => [[one], 'T2']),
  ...['iommu-map', 'dma-map', 'fence', 'fence-wait'].map((one): [string[], string] => [['map', one], 'T3']),
  [['attach', 'iommu-map'], 'T0'],
])('acts %j are evidence of tier %s', (acts, tier) => {
  expect(evidenceTier(new Set(acts as ActType[]))).toBe(tier)
})

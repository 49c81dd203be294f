import { describe, expect, test } from 'vitest'
import { gapsNamed, MISSED_BEFORE_FAULT } from '../../src/domain/evidence/gaps-named.ts'
import { unseenProbes, unseenText } from '../../src/domain/evidence/unseen.ts'
import type { GapRow } from '../../src/domain/read-model.ts'
import { describeGap, FAULTS_LIMITED } from '../../src/domain/world/window.ts'

const FULL = 'the ring buffer was full'
const gap = (id: number, over: Partial<GapRow> = {}): GapRow => ({
  id,
  cpu: 1,
  fromNs: BigInt(id * 100),
  toNs: BigInt(id * 100 + 50),
  lost: 7n,
  reason: FULL,
  ...over,
})
const everywhere = { from: 0n, to: 10_000n }
const ids = (rows: GapRow[]) => rows.map(({ id }) => id)

describe('the gaps that a finding names', () => {
  const gaps = [gap(1), gap(2, { cpu: 0 }), gap(3, { lost: null }), gap(4), gap(5, { cpu: null, reason: 'cut' })]

  test.each(gaps)('gap $id by its own words, alone or with what may be in it', (one) => {
    const words = describeGap({ ...one, from: one.fromNs, to: one.toNs, seq: 0 })
    const reach = { from: one.fromNs!, to: one.toNs! }
    expect(ids(gapsNamed(words, gaps, reach))).toEqual([one.id])
    expect(ids(gapsNamed(`${words}: an earlier use`, gaps, reach))).toEqual([one.id])
    expect(gapsNamed(`perhaps ${words}`, gaps, reach)).toEqual([])
  })

  test('those out of reach are meant only where no other is', () => {
    const words = `7 events lost on CPU 1 (${FULL})`
    expect(ids(gapsNamed(words, gaps, everywhere))).toEqual([1, 4])
    expect(ids(gapsNamed(words, gaps, null))).toEqual([1, 4])
    expect(ids(gapsNamed(words, gaps, { from: 300n, to: 420n }))).toEqual([4])
    expect(ids(gapsNamed(words, gaps, { from: 900n, to: 950n }))).toEqual([1, 4])
  })

  test('one that was open still has grown since', () => {
    expect(ids(gapsNamed(`2 events lost on CPU 0 (${FULL})`, gaps, everywhere))).toEqual([2])
  })

  test('what was missed before a fault may be in any gap that began before it', () => {
    expect(ids(gapsNamed(MISSED_BEFORE_FAULT, gaps, { from: 250n, to: 300n }))).toEqual([1, 2, 3])
  })

  test('one without a beginning or an end reaches as far as the trace', () => {
    const open = [gap(1, { fromNs: null }), gap(4, { toNs: null }), gap(6)]
    const words = `7 events lost on CPU 1 (${FULL})`
    expect(ids(gapsNamed(words, open, { from: 0n, to: 50n }))).toEqual([1])
    expect(ids(gapsNamed(words, open, { from: 800n, to: 900n }))).toEqual([4])
    expect(ids(gapsNamed(words, open, { from: 150n, to: 150n }))).toEqual([1])
    expect(ids(gapsNamed(MISSED_BEFORE_FAULT, open, { from: 10n, to: 20n }))).toEqual([1])
  })

  test('faults that were not printed are counted as faults', () => {
    const limited = gap(1, { cpu: null, lost: 12n, reason: FAULTS_LIMITED })
    expect(ids(gapsNamed(`12 faults lost (${FAULTS_LIMITED})`, [limited], everywhere))).toEqual([1])
    expect(ids(gapsNamed(`3 faults lost (${FAULTS_LIMITED})`, [limited], everywhere))).toEqual([1])
    expect(gapsNamed(`12 events lost (${FAULTS_LIMITED})`, [limited], everywhere)).toEqual([])
  })

  test('nothing else names a gap', () => {
    expect(gapsNamed(null, gaps, everywhere)).toEqual([])
    expect(gapsNamed(unseenText(['map']), gaps, everywhere)).toEqual([])
  })
})

describe('what was never recorded', () => {
  test('is named as it would be: what is probed for an act, and functions as they are', () => {
    expect(unseenProbes(unseenText(['map']))).toEqual(['dma_buf_map_attachment (return)'])
    expect(unseenProbes(unseenText(['device-move', 'pcie_flr']))).toEqual(['vfio_pci_dma_buf_move', 'pcie_flr'])
  })

  test('is nothing where something else stands in the way', () => {
    expect(unseenProbes(null)).toEqual([])
    expect(unseenProbes('no event names the device that exported this buffer')).toEqual([])
  })
})

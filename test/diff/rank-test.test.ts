import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rankTest } from '../../src/diff/rank-test.ts'

const big = (...values: number[]) => values.map(BigInt)
const sample = fc.array(fc.bigInt({ min: 0n, max: 1_000n }), { minLength: 8, maxLength: 40 })

describe('rankTest', () => {
  test('agrees with scipy.stats.mannwhitneyu(method="asymptotic")', () => {
    const first = big(1, 2, 3, 4, 5, 6, 7, 8)
    expect(rankTest(first, big(9, 10, 11, 12, 13, 14, 15, 16)).p).toBeCloseTo(0.000939, 5)
    expect(rankTest(first, big(1, 2, 3, 4, 5, 6, 7, 8)).p).toBeCloseTo(1, 6)
    const tied = rankTest(big(1, 1, 2, 2, 3, 3, 4, 4), big(2, 2, 3, 3, 4, 4, 5, 5))
    expect(tied.above * 64).toBe(46)
    expect(tied.p).toBeCloseTo(0.146399, 5)
  })

  test('does not care which sample is first, but for the direction', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const [there, back] = [rankTest(a, b), rankTest(b, a)]
        expect(there.p).toBeCloseTo(back.p, 9)
        expect(there.above + back.above).toBeCloseTo(1, 9)
        expect(there.p).toBeGreaterThanOrEqual(0)
        expect(there.p).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('only ranks count: doubling every value changes nothing', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const twice = (values: bigint[]) => values.map((value) => value * 2n)
        expect(rankTest(twice(a), twice(b))).toEqual(rankTest(a, b))
      }),
    )
  })

  test('samples that are all one value differ in nothing', () => {
    expect(rankTest(big(5, 5, 5), big(5, 5, 5))).toEqual({ p: 1, above: 0.5 })
  })
})

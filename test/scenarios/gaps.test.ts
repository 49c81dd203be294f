import { describe, expect, it } from 'vitest'
import * as gaps from './gaps.cases.ts'
import { doubts, play, resets, revocations, violations } from './judge.ts'

const verdicts = (rows: string[]): string[] => rows.map((row) => row.split(' ').at(-1)!)

describe('what the trace leaves open', () => {
  for (const start of gaps.STARTS) {
    it(`a buffer older than the trace (${start}) is reset: not clean`, async () => {
      const folded = await play(gaps.olderBuffer(start))
      expect(violations(folded)).toEqual([])
      expect(verdicts(resets(folded))).toEqual(['undetermined'])
    })
    it(`a buffer older than the trace (${start}) is revoked by a module: not clean`, async () => {
      const folded = await play(gaps.olderBuffer(start))
      expect(verdicts(revocations(folded))).toEqual(['undetermined'])
    })
    it(`a reset is all there is (${start}): it is not clean`, async () => {
      const folded = await play(gaps.resetOnly(start))
      expect(violations(folded)).toEqual([])
      expect(resets(folded)[0]).toMatch(/undetermined$/)
    })
  }
  it('console text and native events alone', async () => {
    const folded = await play(gaps.textOnly, 'native')
    expect(violations(folded)).toEqual([])
    expect(resets(folded).at(-1)).toMatch(/undetermined$/)
    expect(folded.resets).toHaveLength(2)
  })
  it('console text of an FLR that gives up', async () => {
    const folded = await play(gaps.textGivesUp, 'native')
    expect(violations(folded)).toEqual([])
    expect(folded.resets).toHaveLength(2)
    expect(resets(folded)[1]).toMatch(/^0000:01:00.0 flr unknown 0 undetermined$/)
    expect(folded.resets[1]!.result).toBe('timeout')
  })
  it('console text where nothing was ever exported', async () => {
    const folded = await play(gaps.textAfterRelease, 'native')
    expect(violations(folded)).toEqual([])
    expect(doubts(folded)).toEqual([])
  })
  for (const vocabulary of ['recipe', 'btf'] as const) {
    it(`the unmap may be lost (${vocabulary})`, async () => {
      const folded = await play(gaps.lostUnmap, vocabulary)
      expect(violations(folded)).toEqual([])
      expect(doubts(folded)).toContain('reset-while-mapped 11 0000:02:00.0')
      expect(verdicts(resets(folded)).at(-1)).toBe('undetermined')
    })
    it(`the revoke may be lost (${vocabulary})`, async () => {
      const folded = await play(gaps.lostRevoke, vocabulary)
      expect(violations(folded)).toEqual([])
      expect(verdicts(resets(folded))[1]).toBe('undetermined')
    })
    it(`a map may be lost (${vocabulary})`, async () => {
      const folded = await play(gaps.lostMap, vocabulary)
      expect(violations(folded)).toEqual([])
      expect(verdicts(resets(folded))[1]).toBe('undetermined')
    })
  }
})

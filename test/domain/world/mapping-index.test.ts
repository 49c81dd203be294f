import { describe, expect, it } from 'vitest'
import type { Mapping } from '../../../src/domain/world/entities.ts'
import { indexMapping, type MappingIndex, mappingsCovering } from '../../../src/domain/world/mapping-index.ts'

const MB = 1n << 20n
const DEVICE = '0000:02:00.0'
/** The index reads no more of a mapping than this. */
const mapping = (id: number, iova: bigint | null, span: bigint | null = 0x1000n, live = true) =>
  ({ id, iova, span, unmapped: live ? null : { ns: 1n, seq: id } }) as Mapping
const indexOf = (...all: Mapping[]) => {
  const index: MappingIndex = new Map()
  for (const one of all) indexMapping(index, DEVICE, one)
  return (address: bigint, device = DEVICE) => mappingsCovering(index, device, address).map(({ id }) => id)
}

describe('mappings that cover an address', () => {
  it('do so from their first byte to their last', () => {
    const at = indexOf(mapping(0, 0x1000n))
    expect([at(0xfffn), at(0x1000n), at(0x1fffn), at(0x2000n)]).toEqual([[], [0], [0], []])
  })

  it('of unknown length cover their address alone', () => {
    const at = indexOf(mapping(0, 0x1000n, null))
    expect([at(0x1000n), at(0x1001n)]).toEqual([[0], []])
  })

  it('come newest first, however they were added', () => {
    expect(indexOf(mapping(2, 0x1000n), mapping(5, 0x800n, 0x2000n), mapping(3, 0x1000n))(0x1000n)).toEqual([5, 3, 2])
  })

  it('are those of the device that is asked for', () => {
    const index: MappingIndex = new Map()
    indexMapping(index, DEVICE, mapping(0, 0x1000n))
    expect(mappingsCovering(index, '0000:07:00.0', 0x1000n)).toEqual([])
    expect([index.has(DEVICE), index.has('0000:07:00.0')]).toEqual([true, false])
  })

  it('are found once in each part of a wide one, and not beside it', () => {
    for (const blocks of [1n, 3n, 63n, 64n, 65n, 4096n]) {
      const at = indexOf(mapping(0, 5n * MB, blocks * MB), mapping(1, 0n, MB))
      expect([at(5n * MB - 1n), at(5n * MB), at(5n * MB + blocks * MB - 1n), at(5n * MB + blocks * MB)]).toEqual([
        [],
        [0],
        [0],
        [],
      ])
    }
  })

  it('have an address', () => {
    const index: MappingIndex = new Map()
    indexMapping(index, DEVICE, mapping(0, null))
    expect(index.has(DEVICE)).toBe(false)
  })

  it('stay findable while they are live, however many came after; of the retired the oldest go', () => {
    const retired = Array.from({ length: 10 }, (_, i) => mapping(i + 1, 0x1000n, 0x1000n, false))
    expect(indexOf(mapping(0, 0x1000n), ...retired)(0x1000n)).toEqual([10, 9, 8, 7, 6, 0])
    const live = Array.from({ length: 10 }, (_, i) => mapping(i, 0x1000n))
    expect(indexOf(...live)(0x1000n)).toHaveLength(10)
  })
})

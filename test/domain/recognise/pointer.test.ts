import { describe, expect, it } from 'vitest'
import { u64 } from '../../../src/domain/recognise/pointer.ts'

describe('u64', () => {
  it.each([
    ['16384', 16_384n],
    ['0xffffffffffffffff', 2n ** 64n - 1n],
    ['18446744073709551615', 2n ** 64n - 1n],
    ['-1', 2n ** 64n - 1n],
  ])('reads %s', (text, value) => {
    expect(u64(text)).toBe(value)
  })

  it.each(['18446744073709551616', '99999999999999999999', '0x10000000000000000', '-9223372036854775809', 'x', ''])(
    'takes %j for no number of 64 bits',
    (text) => {
      expect(u64(text)).toBeNull()
    },
  )
})

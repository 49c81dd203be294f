import { describe, expect, it } from 'vitest'
import { errnoName, errnoOf, errnoOfNumber, isAddress, isNull, u64 } from '../../../src/domain/recognise/pointer.ts'

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

describe('a pointer that a function returned', () => {
  it.each<[string, number | null]>([
    ['0xffffffffffffffed', 19],
    ['0xffffffffffffffff', 1],
    ['0xfffffffffffff001', 4095],
    ['0xfffffffffffff000', null],
    ['0xffff888110000010', null],
    ['0x0', null],
    ['18446744073709551597', null],
  ])('%s is the error %s', (pointer, errno) => {
    expect(errnoOf(pointer)).toBe(errno)
  })

  it.each<[string, boolean]>([
    ['0xffff888110000010', true],
    ['0x0', false],
    ['0x0000000000000000', false],
    ['0xffffffffffffffed', false],
    ['000000009000000a', false],
  ])('%s is an address: %s', (pointer, yes) => {
    expect(isAddress(pointer)).toBe(yes)
  })

  it('may not be there', () => {
    expect(isAddress(null)).toBe(false)
    expect(['0x0', '0x000', '0x', '0x01', '00', 'x0x0', '0x0 '].map(isNull)).toEqual([
      ...[true, true, true],
      ...[false, false, false, false],
    ])
  })
})

it.each<[string, number | null]>([
  ['0', null],
  ['1', null],
  ['-1', 1],
  ['-95', 95],
  ['-4095', 4095],
  ['-4096', null],
  ['0xffffffffffffffa1', 95],
  ['x', null],
])('the number %s is the error %s', (value, errno) => {
  expect(errnoOfNumber(value)).toBe(errno)
})

/** include/uapi/asm-generic/errno-base.h, errno.h; include/linux/errno.h */
it.each([
  [1, 'EPERM'],
  [4, 'EINTR'],
  [5, 'EIO'],
  [11, 'EAGAIN'],
  [12, 'ENOMEM'],
  [14, 'EFAULT'],
  [16, 'EBUSY'],
  [19, 'ENODEV'],
  [22, 'EINVAL'],
  [25, 'ENOTTY'],
  [38, 'ENOSYS'],
  [95, 'EOPNOTSUPP'],
  [110, 'ETIMEDOUT'],
  [512, 'ERESTARTSYS'],
  [3000, 'errno 3000'],
])('%i is %s', (errno, name) => {
  expect(errnoName(errno)).toBe(name)
})

it('u64 reads hex without a prefix only where it is told to', () => {
  expect([u64('ff', true), u64('0xff', true), u64('10', true), u64('10'), u64('ff'), u64(null)]).toEqual([
    255n,
    255n,
    16n,
    10n,
    null,
    null,
  ])
})

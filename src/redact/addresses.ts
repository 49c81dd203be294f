import type { RedactionKey } from './key.ts'
import { createPermutation } from './permutation.ts'

export interface AddressNames {
  /**
   * Another address for one that says which object is meant. Its kind and its place in its page stay: a kernel pointer
   * stays one, so does a symbol's address, a hashed or a user's pointer; NULL and error pointers stay what they are.
   */
  pointer(value: bigint): bigint
  /** An address that a device uses, moved by a whole number of pages that is the same for all: ranges and their order stay. */
  bus(value: bigint): bigint
  /** The same for physical addresses, by another number of pages. */
  physical(value: bigint): bigint
}

const PAGE = 12n
const OFFSET = (1n << PAGE) - 1n
const TOP = 1n << 64n
/** include/linux/err.h: the last page holds error numbers. */
const ERRORS = TOP - 4096n
/** Behind this no device's address lies; what is found there is left over from something else. */
const BUS_LIMIT = 1n << 56n
const USER = 1n << 40n

/** Kinds of pointers: from where on, and how many bits of the page's number take part. */
const KINDS = [
  // Symbols and modules on x86 and arm64's top; the last page is that of the error pointers.
  { from: 0xffffffff00000000n, bits: 20, refuses: (page: number) => page === 0xfffff },
  // Four levels of page tables; the rest must not come to lie among the symbols.
  { from: 0xffff000000000000n, bits: 36, refuses: (page: number) => page >= 0xffff00000 },
  // Five levels.
  { from: 0xff00000000000000n, bits: 44, refuses: (page: number) => page >= 0xff000000000 },
  // No address at all: what a failed read left over.
  { from: 1n << 47n, bits: 52, refuses: (page: number) => page < 2 ** 35 || page >= 0xff00000000000 },
  { from: USER, bits: 36, refuses: (page: number) => page < 2 ** 28 || page >= 2 ** 35 },
] as const

export function createAddressNames(key: RedactionKey): AddressNames {
  const kinds = KINDS.map(({ from, bits, refuses }, index) => {
    const permute = createPermutation(key, `pointer ${index}`, bits, (page) => !refuses(page))
    const mask = (1n << BigInt(bits)) - 1n
    return { from, permute, mask, base: (from >> PAGE) & ~mask }
  })
  const hashed = createPermutation(key, 'hashed pointer', 32, (value) => value > 0)
  const shift = (kind: string) => BigInt(1 + (key.digest(kind, '').readUIntLE(0, 6) % 2 ** 28)) << PAGE
  const busShift = shift('bus address')
  const physicalShift = shift('physical address')

  function pointer(value: bigint): bigint {
    if (value <= 0n || value >= ERRORS) return value
    const kind = kinds.find(({ from }) => value >= from)
    if (!kind) return value < 1n << 32n ? BigInt(hashed(Number(value))) : physical(value)
    const page = BigInt(kind.permute(Number((value >> PAGE) & kind.mask)))
    return ((kind.base | page) << PAGE) | (value & OFFSET)
  }

  function physical(value: bigint): bigint {
    return value >= BUS_LIMIT ? pointer(value) : value + physicalShift
  }

  return { pointer, physical, bus: (value) => (value >= BUS_LIMIT ? pointer(value) : value + busShift) }
}

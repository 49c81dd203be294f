import type { Pseudonyms } from './pseudonyms.ts'

/** What an address is used for, as its field's name tells; `object` where it says which object is meant. */
export type AddressUse = 'bus' | 'physical' | 'object'

/** Hexadecimal digits of the same length at least: leading zeros are part of the shape. */
function hex(value: bigint, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

/** `0x…`, or 16 digits without it (`%p`). Small numbers that are no addresses stay. */
export function redactHex(text: string, use: AddressUse, names: Pseudonyms): string {
  const prefix = text.startsWith('0x') ? '0x' : ''
  const digits = text.slice(prefix.length)
  const value = BigInt(`0x${digits}`)
  if (use === 'bus') return `${prefix}${hex(names.bus(value), digits.length)}`
  if (use === 'physical') return `${prefix}${hex(names.physical(value), digits.length)}`
  if (prefix !== '' && value < FOUR_GIB) return text
  return `${prefix}${hex(names.pointer(value), digits.length)}`
}

const FOUR_GIB = 1n << 32n
/** Of numbers printed as signed ones, those below this are pointers and no counts; errno values are far above. */
const MOST_NEGATIVE_COUNT = -(1n << 24n)
const KERNEL_HALF = 0xff00000000000000n
const TOP = 1n << 64n

/** A decimal number, which may be an address, or a pointer that was printed with or without a sign. */
export function redactDecimal(text: string, use: AddressUse, names: Pseudonyms): string {
  const value = BigInt(text)
  if (value < 0n) {
    if (value > MOST_NEGATIVE_COUNT || value < -(1n << 56n)) return text
    return String(names.pointer(value + TOP) - TOP)
  }
  if (value >= KERNEL_HALF && value < TOP) return String(names.pointer(value))
  if (use === 'object') return text
  return String(use === 'bus' ? names.bus(value) : names.physical(value))
}

/** `00,00,70,09,01,00,00,00`: addresses as the option `fields` prints arrays of them, eight little-endian bytes each. */
export function redactByteArray(text: string, use: AddressUse, names: Pseudonyms): string {
  const bytes = Buffer.from(text.replaceAll(',', ''), 'hex')
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    const value = bytes.readBigUInt64LE(at)
    const other = use === 'bus' ? names.bus(value) : use === 'physical' ? names.physical(value) : names.pointer(value)
    bytes.writeBigUInt64LE(BigInt.asUintN(64, other), at)
  }
  return bytes.toString('hex').replace(/..(?=.)/g, '$&,')
}

/** Every address in a text that is otherwise to be kept. */
export function redactPointers(text: string, names: Pseudonyms): string {
  return text.replace(/(?<![\w+/])(?:0x[0-9a-f]{1,16}|[0-9a-f]{16}|7f[0-9a-f]{10})(?!\w)/g, (found) => {
    const bare = found.length === 12 && !found.startsWith('0x')
    return bare ? redactHex(`0x${found}`, 'object', names).slice(2) : redactHex(found, 'object', names)
  })
}

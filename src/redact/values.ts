import { type AddressUse, redactByteArray, redactDecimal, redactHex } from './numbers.ts'
import { type Pseudonyms, REDACTED } from './pseudonyms.ts'

/** `sym+0x4/0x120 [mod]`, in full. */
export const SYMBOL = /^[A-Za-z_.$][\w.$]*\+0x[0-9a-f]+(?:\/0x[0-9a-f]+)?(?: \[[\w-]+\])?$/
/** Constants as `TP_printk` spells them: directions, DMA attributes, link events, a task's state. */
const CONSTANTS = new Set(
  (
    'BIDIRECTIONAL TO_DEVICE FROM_DEVICE NONE MMIO NO_WARN WEAK_ORDERING WRITE_COMBINE NO_KERNEL_MAPPING SKIP_CPU_SYNC ' +
    'FORCE_CONTIGUOUS ALLOC_SINGLE_PAGES PRIVILEGED CPU_CACHE_CLEAN REQUIRE_COHERENT LINK_UP LINK_DOWN CARD_PRESENT ' +
    'CARD_NOT_PRESENT OK R S D T X Z P I K W N'
  ).split(' '),
)
const HEX = /^0x[0-9a-f]{1,16}$/
/** `%p`: hashed ones begin with zeros, and may have no letter. */
const BARE_POINTER = /^(?=0|.*[a-f])[0-9a-f]{16}$/
const DECIMAL = /^-?\d{1,20}$/
const BOTH = /^(0x[0-9a-f]{1,16}) \((-?\d{1,20})\)$/
const BYTES = /^(?:[0-9a-f]{2},){7}(?:[0-9a-f]{2},?)*$/
const PCI = /^\[?(?:[0-9a-f]{4,8}:)?(?:0x)?[0-9a-f]{2}:(?:0x)?[0-9a-f]{2}\.[0-7]\]?$/
/** What the kernel prints in the place of a value or between values. */
const FIXED = new Set(
  '(fault) (efault) (null) (____ptrval____) - -> ==> IOMMU: [TRUNCATED] [ns] NULL detached-driver signaled-timeline'.split(
    ' ',
  ),
)

/** A value in full: a number, an address, a constant, a device or a symbol; null where it is none of them. */
export function redactAtom(text: string, use: AddressUse, names: Pseudonyms): string | null {
  if (text === '' || FIXED.has(text)) return text
  if (HEX.test(text) || BARE_POINTER.test(text)) return redactHex(text, use, names)
  if (DECIMAL.test(text)) return redactDecimal(text, use, names)
  if (PCI.test(text)) return names.inText(text)
  const both = BOTH.exec(text)
  if (both) {
    const other = redactHex(both[1]!, use, names)
    const value = BigInt(other)
    const signed = both[2]!.startsWith('-')
    return `${other} (${signed ? BigInt.asIntN(64, value) : value})`
  }
  if (BYTES.test(text) && use !== 'object') return redactByteArray(text, use, names)
  if (SYMBOL.test(text) || /^\(-?\d{1,19}\)$/.test(text)) return text
  return text.split('|').every((constant) => CONSTANTS.has(constant)) ? text : null
}

/**
 * Text of which nothing is known, word by word: numbers, addresses, devices, constants and symbols as above, also behind
 * a `name:`; every other word is left out.
 */
export function redactWords(text: string, use: AddressUse, names: Pseudonyms): string {
  return text.replace(WORD, (word) => {
    const atom = redactAtom(word, use, names)
    if (atom !== null) return atom
    const list = /^\{(.*)\}$/.exec(word)
    if (list) return `{${redactList(list[1]!, use, names)}}`
    const named = /^([A-Za-z_]\w*:)([^,]+)(,?)$/.exec(word)
    if (named) return `${named[1]}${redactAtom(named[2]!, use, names) ?? REDACTED}${named[3]}`
    return /^\d{1,19}(?:[/:]\d{1,19})?,?$/.test(word) ? word : REDACTED
  })
}

const WORD = /[A-Za-z_.$][\w.$]*\+0x[0-9a-f]+(?:\/0x[0-9a-f]+)? \[[\w-]+\](?!\S)|\S+/g

/** What stands in braces, separated by commas. */
export function redactList(text: string, use: AddressUse, names: Pseudonyms): string {
  return text
    .split(',')
    .map((item) => redactAtom(item.trim(), use, names) ?? REDACTED)
    .join(',')
}

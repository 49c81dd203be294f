import { CR, EQUALS, SPACE, TAB } from '../ascii.ts'

/** One line of a quoted-printable body (RFC 2045, 6.7). */
export interface QuotedPrintableLine {
  text: Buffer
  /** The line ends in a soft break: the text goes on in the next one. */
  soft: boolean
}

/** Decodes `b[p, end)`; an equals sign that encodes nothing stays as it is, as the RFC advises. */
export function decodeQuotedPrintable(b: Buffer, p: number, end: number): QuotedPrintableLine {
  while (end > p && (b[end - 1] === SPACE || b[end - 1] === TAB || b[end - 1] === CR)) end--
  const soft = end > p && b[end - 1] === EQUALS
  if (soft) end--
  const text = Buffer.allocUnsafe(end - p)
  let length = 0
  for (let q = p; q < end; q++) {
    const value = b[q] === EQUALS && q + 2 < end ? hexPair(b[q + 1]!, b[q + 2]!) : -1
    text[length++] = value < 0 ? b[q]! : value
    if (value >= 0) q += 2
  }
  return { text: text.subarray(0, length), soft }
}

/**
 * Whether a line without a header that says so is quoted-printable: true where every equals sign is encoded and one of
 * them is there, false where one stands for itself, null where the line does not tell.
 */
export function soundsQuotedPrintable(line: string): boolean | null {
  const escapes = line.replace(/=[\dA-F]{2}/g, '')
  if (/=(?!\s*$)/.test(escapes)) return false
  if (line.includes('=3D')) return true
  return /=$/.test(escapes) && line.length >= 70 && line.length <= 76 ? true : null
}

function hexPair(high: number, low: number): number {
  const a = hexDigit(high)
  const c = hexDigit(low)
  return a < 0 || c < 0 ? -1 : a * 16 + c
}

function hexDigit(c: number): number {
  if (c >= 48 && c < 58) return c - 48
  const letter = (c | 32) - 97
  return letter >= 0 && letter < 6 ? letter + 10 : -1
}

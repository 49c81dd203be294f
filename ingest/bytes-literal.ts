import { DOUBLE_QUOTE, QUOTE } from './ascii.ts'

const LETTER_B = 98

/** Whether `b[p, end)` is `b'…'` or `b"…"`: a trace line that a Python program (BCC) printed as a bytes object. */
export function isBytesLiteral(b: Uint8Array, p: number, end: number): boolean {
  const quote = b[p + 1]
  return b[p] === LETTER_B && (quote === QUOTE || quote === DOUBLE_QUOTE) && end - p > 3 && b[end - 1] === quote
}

/** Bytes that the scanners look for. Every line they see is ended by a line feed, so a loop over bytes needs no bound. */
export const TAB = 9
export const LF = 10
export const CR = 13
export const SPACE = 32
export const DOUBLE_QUOTE = 34
export const HASH = 35
export const QUOTE = 39
export const OPEN_PAREN = 40
export const CLOSE_PAREN = 41
export const STAR = 42
export const PLUS = 43
export const DASH = 45
export const DOT = 46
export const SLASH = 47
export const ZERO = 48
export const COLON = 58
export const LESS = 60
export const EQUALS = 61
export const GREATER = 62
export const OPEN_BRACKET = 91
export const BACKSLASH = 92
export const CLOSE_BRACKET = 93
export const PIPE = 124
export const CLOSE_BRACE = 125

/** Whether `c` is an ASCII digit. */
export function isDigit(c: number): boolean {
  return (c - ZERO) >>> 0 < 10
}

/** Whether `c` is a hexadecimal digit. */
export function isHex(c: number): boolean {
  return isDigit(c) || ((c | 32) - 97) >>> 0 < 6
}

/** First position from `q` on that holds neither blank nor tab. */
export function skipBlanks(b: Uint8Array, q: number): number {
  while (b[q] === SPACE || b[q] === TAB) q++
  return q
}

/** Whether `text` (ASCII) stands at `q`. */
export function startsWith(b: Uint8Array, q: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (b[q + i] !== text.charCodeAt(i)) return false
  return true
}

/**
 * `name=value` payloads, as `print_type_*` of trace_probe.c and the `TP_printk` formats of tracepoints write them.
 * Strings stand in double quotes unescaped, symbols contain blanks (`sym+0x0/0x10 [mod]`), arrays stand in braces; so a
 * value ends where a blank is followed by the next `name=`.
 */
export interface Fields {
  count: number
  keys: string[]
  values: string[]
}

export function emptyFields(): Fields {
  return { count: 0, keys: [], values: [] }
}

/** Reads the fields of `payload` from `from` on into `out` (reused). Quotes are taken off string values. */
export function readFields(payload: string, from: number, out: Fields): void {
  out.count = 0
  const end = payload.length
  let at = from
  while (at < end) {
    const mark = keyEnd(payload, at)
    if (mark === -1) {
      const next = payload.indexOf(' ', at)
      if (next === -1) return
      at = next + 1
      continue
    }
    const stop = valueEnd(payload, mark + 1)
    out.keys[out.count] = payload.slice(at, mark)
    out.values[out.count] = valueText(payload, mark + 1, stop)
    out.count++
    at = stop
  }
}

/** The value of one field, or null. */
export function fieldOf(fields: Fields, key: string): string | null {
  for (let i = 0; i < fields.count; i++) if (fields.keys[i] === key) return fields.values[i]!
  return null
}

const BLANK = 0x20
const QUOTE = 0x22
const BRACE = 0x7b
const EQUALS = 0x3d

function isWord(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95
}

/** Index of the `=` that ends the key beginning at `at`, or -1 where no key begins. */
export function keyEnd(payload: string, at: number): number {
  let i = at
  while (isWord(payload.charCodeAt(i))) i++
  return i > at && payload.charCodeAt(i) === EQUALS ? i : -1
}

/** Where the value that begins at `start` ends. */
export function valueEnd(payload: string, start: number): number {
  const first = payload.charCodeAt(start)
  if (first === QUOTE) return quotedEnd(payload, start + 1)
  return first === BRACE ? braceEnd(payload, start) : plainEnd(payload, start)
}

/** The value, without the quotes of a string. */
export function valueText(payload: string, start: number, stop: number): string {
  if (payload.charCodeAt(start) !== QUOTE) return payload.slice(start, stop)
  return payload.slice(start + 1, payload.charCodeAt(stop - 1) === QUOTE && stop > start + 1 ? stop - 1 : stop)
}

/** A string whose closing quote is missing: the line was cut within it. */
export function isCutString(payload: string, start: number, stop: number): boolean {
  if (payload.charCodeAt(start) !== QUOTE) return false
  return stop <= start + 1 || payload.charCodeAt(stop - 1) !== QUOTE
}

function plainEnd(payload: string, start: number): number {
  let blank = payload.indexOf(' ', start)
  while (blank !== -1) {
    if (keyEnd(payload, blank + 1) !== -1) return blank
    blank = payload.indexOf(' ', blank + 1)
  }
  return payload.length
}

/** A closing quote is one that the end or ` name=` follows: the string itself may hold quotes. */
function quotedEnd(payload: string, start: number): number {
  let quote = payload.indexOf('"', start)
  while (quote !== -1) {
    if (quote + 1 === payload.length) return quote + 1
    if (payload.charCodeAt(quote + 1) === BLANK && keyEnd(payload, quote + 2) !== -1) return quote + 1
    quote = payload.indexOf('"', quote + 1)
  }
  return payload.length
}

function braceEnd(payload: string, start: number): number {
  const close = payload.indexOf('}', start)
  return close === -1 ? payload.length : close + 1
}

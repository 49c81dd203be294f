import {
  CLOSE_BRACKET,
  CLOSE_PAREN,
  COLON,
  DASH,
  DOT,
  isDigit,
  LF,
  OPEN_BRACKET,
  OPEN_PAREN,
  SPACE,
  skipBlanks,
  ZERO,
} from '../ascii.ts'
import { type LineHead, Scan } from '../line-head.ts'
import { scanTime, setTime } from '../scan-time.ts'
import { scanName } from './scan-name.ts'

/** `%16s-%-7d `: the comm is right-aligned in 16 bytes, and cut to 15 (trace_output.c `trace_print_context()`). */
const COMM_WIDTH = 16

/** Letters, digits and dots: irqs-off, need-resched, context, preempt depth, migrate-disable (`trace_print_lat_fmt()`). */
const FLAG = new Uint8Array(256)
for (const c of Buffer.from('.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ?')) FLAG[c] = 1

/** A line as the kernel pads it: byte 16 is the dash, so the comm may hold anything, forged contexts too. */
export function scanPadded(b: Uint8Array, p: number, head: LineHead): number {
  const dash = p + COMM_WIDTH
  let q = p
  while (q < dash && b[q] === SPACE) q++
  head.commStart = q
  head.commEnd = dash
  for (; q < dash; q++) if (b[q] === LF) return Scan.noTask
  if (b[q] !== DASH) return Scan.noTask
  const name = scanColumns(b, dash, head)
  return name < 0 ? scanContext(b, dash + 1, head) : scanName(b, name, head)
}

/**
 * The usual line, `-1234    [001] d..1.   854.098765: `, by its columns; the position after it, or -1 where a column is
 * not in its place and `scanContext` has to look. It finds nothing that `scanContext` would not find, only sooner.
 */
function scanColumns(b: Uint8Array, dash: number, head: LineHead): number {
  if (b[dash + 8] !== SPACE || b[dash + 9] !== OPEN_BRACKET) return -1
  if (b[dash + 13] !== CLOSE_BRACKET || b[dash + 14] !== SPACE) return -1
  let q = dash + 1
  let pid = 0
  for (; isDigit(b[q]!); q++) pid = pid * 10 + b[q]! - ZERO
  if (q === dash + 1) return -1
  for (; q < dash + 9; q++) if (b[q] !== SPACE) return -1
  const hundreds = b[dash + 10]! - ZERO
  const tens = b[dash + 11]! - ZERO
  const ones = b[dash + 12]! - ZERO
  if (hundreds >>> 0 > 9 || tens >>> 0 > 9 || ones >>> 0 > 9) return -1
  const flags = dash + 15
  const flagged = FLAG[b[flags]!]! & FLAG[b[flags + 1]!]! & FLAG[b[flags + 2]!]! & FLAG[b[flags + 3]!]!
  if ((flagged & FLAG[b[flags + 4]!]!) === 0 || b[flags + 5] !== SPACE || isDigit(b[flags]!)) return -1
  for (q = flags + 6; b[q] === SPACE; q++);
  let seconds = 0
  const start = q
  for (; isDigit(b[q]!); q++) seconds = seconds * 10 + b[q]! - ZERO
  if (q === start || q - start > 6 || b[q] !== DOT || b[q + 7] !== COLON || b[q + 8] !== SPACE) return -1
  let microseconds = 0
  for (let place = q + 1; place < q + 7; place++) {
    if (!isDigit(b[place]!)) return -1
    microseconds = microseconds * 10 + b[place]! - ZERO
  }
  head.pid = pid
  head.tgid = -1
  head.cpu = hundreds * 100 + tens * 10 + ones
  head.flagsStart = flags
  head.flagsEnd = flags + 5
  setTime(head, seconds, microseconds * 1000)
  head.ticks = 0
  return q + 9
}

/** A line whose padding was lost or never was. */
export function scanUnpadded(b: Uint8Array, p: number, head: LineHead): number {
  return scanAfterDash(b, p, head, scanContext)
}

/** The first dash after which `scanRest` reads a whole line, from the pid on, ends the comm. */
export function scanAfterDash(
  b: Uint8Array,
  p: number,
  head: LineHead,
  scanRest: (b: Uint8Array, q: number, head: LineHead) => number,
): number {
  const start = skipBlanks(b, p)
  let deepest: number = Scan.noTask
  for (let q = start; b[q] !== LF; q++) {
    if (b[q] !== DASH || !isDigit(b[q + 1]!)) continue
    const code = scanRest(b, q + 1, head)
    if (code > 0 || code === Scan.noName) {
      head.commStart = start
      head.commEnd = q
      return code
    }
    if (code < deepest) deepest = code
  }
  return deepest
}

/** From the pid on: `pid (tgid) [cpu] flags time: name…`. */
function scanContext(b: Uint8Array, q: number, head: LineHead): number {
  const pidStart = q
  let pid = 0
  for (; isDigit(b[q]!); q++) pid = pid * 10 + b[q]! - ZERO
  if (q === pidStart || q - pidStart > 9 || b[q] !== SPACE) return Scan.noTask
  head.pid = pid
  do q++
  while (b[q] === SPACE)
  head.tgid = -1
  if (b[q] === OPEN_PAREN) {
    q = scanTgid(b, q + 1, head)
    if (q < 0) return Scan.noCpu
  }
  if (b[q] !== OPEN_BRACKET) return Scan.noCpu
  const cpuStart = ++q
  let cpu = 0
  for (; isDigit(b[q]!); q++) cpu = cpu * 10 + b[q]! - ZERO
  if (q - cpuStart < 3 || q - cpuStart > 9 || b[q] !== CLOSE_BRACKET || b[q + 1] !== SPACE) return Scan.noCpu
  head.cpu = cpu
  do q++
  while (b[q] === SPACE)
  head.flagsStart = q
  if (!isDigit(b[q]!)) {
    while (FLAG[b[q]!] === 1) q++
    if (b[q] !== SPACE) return scanGlued(b, head)
    const width = q - head.flagsStart
    if (width < 3 || width > 8) return Scan.noTime
  }
  head.flagsEnd = q
  while (b[q] === SPACE) q++
  q = scanTime(b, q, head)
  return q < 0 ? q : scanName(b, q, head)
}

/** `( 1234) ` or `(-------) ` (option record-tgid); -1 where it is neither. */
function scanTgid(b: Uint8Array, q: number, head: LineHead): number {
  if (b[q] === DASH) {
    while (b[q] === DASH) q++
  } else {
    while (b[q] === SPACE) q++
    const start = q
    let tgid = 0
    for (; isDigit(b[q]!); q++) tgid = tgid * 10 + b[q]! - ZERO
    if (q === start || q - start > 9) return -1
    head.tgid = tgid
  }
  return b[q] === CLOSE_PAREN && b[q + 1] === SPACE ? skipBlanks(b, q + 1) : -1
}

/** Flags and time without a blank between (`....316.196720:`): the fewest flags after which a time follows. */
function scanGlued(b: Uint8Array, head: LineHead): number {
  let worst: number = Scan.noTime
  for (let width = 1; width <= 8; width++) {
    const q = head.flagsStart + width
    if (FLAG[b[q - 1]!] !== 1) break
    if (width < 3 || !isDigit(b[q]!) || !hasDotOrColon(b, q)) continue
    const after = scanTime(b, q, head)
    if (after < 0) {
      if (after < worst) worst = after
      continue
    }
    head.flagsEnd = q
    return scanName(b, after, head)
  }
  return worst
}

/** A glued integer clock has at least six digits: fewer could as well be flags. */
function hasDotOrColon(b: Uint8Array, q: number): boolean {
  const start = q
  while (isDigit(b[q]!)) q++
  return b[q] === DOT || (b[q] === COLON && q - start >= 6)
}

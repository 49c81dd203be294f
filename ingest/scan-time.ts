import { COLON, DOT, isDigit, SPACE, ZERO } from './ascii.ts'
import { type LineHead, Scan } from './line-head.ts'

/** Whole seconds beyond this do not fit into 63 bits of nanoseconds. */
const MAX_SECONDS = 9_223_372_035
const TWO_32 = 2 ** 32
const EXACT_SECONDS = 9_007_198
const NANOSECONDS_OF_PLACES = [0, 0, 0, 1e6, 1e5, 1e4, 1e3, 100, 10, 1]

/** Stores `seconds * 10^9 + rest` exactly, beyond 2^53 too, without making a BigInt. */
export function setTime(head: LineHead, seconds: number, rest: number): void {
  if (seconds <= EXACT_SECONDS) {
    const total = seconds * 1e9 + rest
    const high = Math.floor(total / TWO_32)
    head.timeHigh = high | 0
    head.timeLow = (total - high * TWO_32) | 0
    return
  }
  const upper = Math.floor(seconds / 65536)
  const upperProduct = upper * 1e9
  const carried = Math.floor(upperProduct / 65536)
  const low = (upperProduct - carried * 65536) * 65536 + (seconds - upper * 65536) * 1e9 + rest
  const high = Math.floor(low / TWO_32)
  head.timeHigh = (carried + high) | 0
  head.timeLow = (low - high * TWO_32) | 0
}

/** Stores microseconds, exact below 2^53. */
export function setMicroseconds(head: LineHead, microseconds: number): void {
  const seconds = Math.floor(microseconds / 1e6)
  setTime(head, seconds, (microseconds - seconds * 1e6) * 1000)
}

/** Stores nanoseconds. */
export function setNanoseconds(head: LineHead, nanoseconds: bigint): void {
  head.timeHigh = Number(BigInt.asIntN(32, nanoseconds >> 32n))
  head.timeLow = Number(BigInt.asIntN(32, nanoseconds))
}

/** The time that `setTime` stored. */
export function timeOf(head: LineHead): bigint {
  return (BigInt(head.timeHigh) << 32n) | BigInt(head.timeLow >>> 0)
}

/**
 * `sec.frac: ` with 3 to 9 decimals, or a bare integer of at most 19 digits (trace_output.c `trace_print_time()`).
 * Returns the position after `: `, or a negative `Scan` reason.
 */
export function scanTime(b: Uint8Array, q: number, head: LineHead): number {
  const start = q
  let whole = 0
  for (; isDigit(b[q]!); q++) whole = whole * 10 + b[q]! - ZERO
  const digits = q - start
  if (digits === 0) return Scan.noTime
  if (b[q] === DOT) {
    const places = ++q
    let fraction = 0
    for (; isDigit(b[q]!); q++) fraction = fraction * 10 + b[q]! - ZERO
    const scale = q - places <= 9 ? NANOSECONDS_OF_PLACES[q - places]! : 0
    if (scale === 0 || b[q] !== COLON || b[q + 1] !== SPACE) return Scan.noTime
    if (digits > 10 || whole > MAX_SECONDS) return Scan.timeOverflow
    setTime(head, whole, fraction * scale)
    head.ticks = 0
    return q + 2
  }
  if (b[q] !== COLON || b[q + 1] !== SPACE) return Scan.noTime
  return setTicks(b, start, q, head) ? q + 2 : Scan.timeOverflow
}

/** The same, and one or two decimals too: nobody prints them, people write them. */
export function scanCoarseTime(b: Uint8Array, q: number, head: LineHead): number {
  const after = scanTime(b, q, head)
  if (after !== Scan.noTime) return after
  const start = q
  while (isDigit(b[q]!)) q++
  if (q === start || q - start > 10 || b[q] !== DOT) return after
  const seconds = decimal(b, start, q)
  const places = ++q
  while (isDigit(b[q]!)) q++
  if (q === places || q - places > 2 || b[q] !== COLON || b[q + 1] !== SPACE) return after
  if (seconds > MAX_SECONDS) return Scan.timeOverflow
  setTime(head, seconds, decimal(b, places, q) * (q - places === 1 ? 1e8 : 1e7))
  head.ticks = 0
  return q + 2
}

/** Stores the decimal integer in `[start, end)`; false where it does not fit into 63 bits. */
export function setTicks(b: Uint8Array, start: number, end: number, head: LineHead): boolean {
  if (end - start > 19) return false
  const cut = Math.max(start, end - 9)
  const upper = decimal(b, start, cut)
  if (upper > MAX_SECONDS) return false
  setTime(head, upper, decimal(b, cut, end))
  head.ticks = 1
  return true
}

function decimal(b: Uint8Array, from: number, to: number): number {
  let value = 0
  for (let q = from; q < to && isDigit(b[q]!); q++) value = value * 10 + b[q]! - ZERO
  return value
}

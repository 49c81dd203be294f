import {
  CLOSE_BRACKET,
  COLON,
  DASH,
  isDigit,
  isHex,
  LF,
  OPEN_BRACKET,
  OPEN_PAREN,
  SPACE,
  skipBlanks,
  startsWith,
  ZERO,
} from '../ascii.ts'
import { type LineHead, Scan } from '../line-head.ts'
import { setMicroseconds, setTicks, setTime } from '../scan-time.ts'
import { scanAfterDash } from './scan-kernel-text.ts'
import { scanName } from './scan-name.ts'

/** `%8.8s-%-7d %3d`: the comm is cut to 8 bytes (trace_output.c `lat_print_generic()`). */
const COMM_WIDTH = 8

/** `kworker/-34        1d..1. 22777us!: name: …`, option latency-format; the time is relative to the trace's start. */
export function scanLatency(b: Uint8Array, p: number, head: LineHead): number {
  const dash = p + COMM_WIDTH
  let q = p
  while (q < dash && b[q] === SPACE) q++
  head.commStart = q
  head.commEnd = dash
  for (; q < dash; q++) if (b[q] === LF) return Scan.noTask
  return b[q] === DASH ? scanTail(b, q + 1, head) : Scan.noTask
}

/** The same with its padding lost. */
export function scanLatencyUnpadded(b: Uint8Array, p: number, head: LineHead): number {
  return scanAfterDash(b, p, head, scanTail)
}

/** From the pid on: `pid   cpuflags time`, the flags glued to the CPU. */
function scanTail(b: Uint8Array, q: number, head: LineHead): number {
  const pidStart = q
  let value = 0
  for (; isDigit(b[q]!); q++) value = value * 10 + b[q]! - ZERO
  if (q === pidStart || q - pidStart > 9 || b[q] !== SPACE) return Scan.noTask
  head.pid = value
  head.tgid = -1
  q = skipBlanks(b, q)
  const cpuStart = q
  value = 0
  for (; isDigit(b[q]!); q++) value = value * 10 + b[q]! - ZERO
  if (q === cpuStart || q - cpuStart > 6) return Scan.noCpu
  head.cpu = value
  head.flagsStart = q
  while (b[q]! > SPACE && b[q] !== COLON) q++
  head.flagsEnd = q
  if (q - head.flagsStart < 3 || q - head.flagsStart > 8 || b[q] !== SPACE) return Scan.noTime
  return scanRelativeTime(b, skipBlanks(b, q), head)
}

/** ` %4lldus%c: ` with a delay mark, or ` %4lld: ` for clocks that are no nanoseconds (`lat_print_timestamp()`). */
function scanRelativeTime(b: Uint8Array, q: number, head: LineHead): number {
  const start = q
  let microseconds = 0
  for (; isDigit(b[q]!); q++) microseconds = microseconds * 10 + b[q]! - ZERO
  if (q === start) return Scan.noTime
  if (startsWith(b, q, 'us') && b[q + 2]! >= SPACE && b[q + 3] === COLON && b[q + 4] === SPACE) {
    if (q - start > 15) return Scan.timeOverflow
    setMicroseconds(head, microseconds)
    head.ticks = 0
    return scanName(b, q + 5, head)
  }
  if (b[q] !== COLON || b[q + 1] !== SPACE) return Scan.noTime
  return setTicks(b, start, q, head) ? scanName(b, q + 2, head) : Scan.timeOverflow
}

/**
 * `%16s %7d %3d %d %08x %08lx [%08llx] 22.777ms (+0.130ms): name: …`, options latency-format and verbose
 * (trace_output.c `trace_print_lat_context()`). The time in brackets is absolute: microseconds in hexadecimal.
 */
export function scanLatencyVerbose(b: Uint8Array, p: number, head: LineHead): number {
  const blank = p + 16
  let q = p
  while (q < blank && b[q] === SPACE) q++
  head.commStart = q
  head.commEnd = blank
  for (; q < blank; q++) if (b[q] === LF) return Scan.noTask
  if (b[q] !== SPACE) return Scan.noTask
  head.tgid = -1
  let start = skipBlanks(b, q)
  for (q = start, head.pid = 0; isDigit(b[q]!); q++) head.pid = head.pid * 10 + b[q]! - ZERO
  if (q === start || q - start > 9 || b[q] !== SPACE) return Scan.noTask
  start = skipBlanks(b, q)
  for (q = start, head.cpu = 0; isDigit(b[q]!); q++) head.cpu = head.cpu * 10 + b[q]! - ZERO
  if (q === start || q - start > 6 || b[q] !== SPACE) return Scan.noCpu
  head.flagsStart = skipBlanks(b, q)
  for (let word = 0; word < 3; word++) {
    q = skipBlanks(b, q)
    start = q
    while (isHex(b[q]!)) q++
    if (q === start) return Scan.noTime
    if (word === 1) head.flagsEnd = q
  }
  q = skipBlanks(b, q)
  return b[q] === OPEN_BRACKET ? scanAbsoluteTime(b, q + 1, head) : Scan.noTime
}

function scanAbsoluteTime(b: Uint8Array, q: number, head: LineHead): number {
  const start = q
  while (isHex(b[q]!)) q++
  const end = q
  if (end === start || b[q] !== CLOSE_BRACKET) return Scan.noTime
  while (b[q] !== OPEN_PAREN && b[q] !== LF) q++
  const nanoseconds = startsWith(b, q - 3, 'ms ')
  while (b[q] !== COLON && b[q] !== LF) q++
  if (b[q] !== COLON || b[q + 1] !== SPACE) return Scan.noTime
  if (end - start > (nanoseconds ? 13 : 16)) return Scan.timeOverflow
  const cut = Math.max(start, end - 8)
  const high = hexadecimal(b, start, cut)
  const low = hexadecimal(b, cut, end)
  if (nanoseconds) {
    if (high >= 2 ** 20) return Scan.timeOverflow
    setMicroseconds(head, high * 2 ** 32 + low)
  } else {
    if (high >= 2 ** 31) return Scan.timeOverflow
    setTime(head, 0, 0)
    head.timeHigh = high
    head.timeLow = low | 0
  }
  head.ticks = nanoseconds ? 0 : 1
  return scanName(b, q + 2, head)
}

function hexadecimal(b: Uint8Array, from: number, to: number): number {
  let value = 0
  for (let q = from; q < to; q++) value = value * 16 + (isDigit(b[q]!) ? b[q]! - ZERO : (b[q]! | 32) - 87)
  return value
}

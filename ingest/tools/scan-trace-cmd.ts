import {
  CLOSE_BRACKET,
  CLOSE_PAREN,
  COLON,
  DASH,
  isDigit,
  LESS,
  LF,
  OPEN_BRACKET,
  OPEN_PAREN,
  PLUS,
  SPACE,
  skipBlanks,
  startsWith,
  ZERO,
} from '../ascii.ts'
import { scanUnpadded } from '../ftrace/scan-kernel-text.ts'
import { type LineHead, Scan } from '../line-head.ts'
import { scanCoarseTime, scanTime, setTicks } from '../scan-time.ts'
import { type Structure, structureOf } from '../structure.ts'

/** `%16s-%-5d [%03d]`, with the option -l `%8.8s-%-5d %3d` (trace-read.c `trace_show_data()`). */
const COMM_WIDTH = 16
const LATENCY_COMM_WIDTH = 8
/** Longer names of input files are not looked for in front of a line. */
const LONGEST_PREFIX = 256

type TimeScanner = typeof scanTime

/**
 * A line of `trace-cmd report` as it pads it, whatever its options: the comm may hold anything, forged contexts too.
 * With several inputs each line begins with the file's name and `: ` (trace-read.c `print_handle_file()`).
 */
export function scanTraceCmd(b: Uint8Array, p: number, head: LineHead): number {
  const first = firstInk(b, p)
  if (first < 0) return Scan.noTask
  if (dashAt(b, p, COMM_WIDTH)) {
    const code = scanContext(b, p + COMM_WIDTH + 1, head, scanTime)
    if (code > 0) return withComm(head, first, p + COMM_WIDTH, code)
  }
  if (dashAt(b, p, LATENCY_COMM_WIDTH)) {
    const code = scanLatencyContext(b, p + LATENCY_COMM_WIDTH + 1, head, scanTime)
    if (code > 0) return withComm(head, first, p + LATENCY_COMM_WIDTH, code)
  }
  return scanPrefixed(b, p, first, head)
}

/** A line whose padding was lost or never was, or whose time has fewer decimals than any program prints. */
export function scanTraceCmdUnpadded(b: Uint8Array, p: number, head: LineHead): number {
  const start = skipBlanks(b, p)
  let deepest: number = Scan.noTask
  for (let q = start; b[q] !== LF; q++) {
    if (b[q] !== DASH || !isDigit(b[q + 1]!)) continue
    let code = scanContext(b, q + 1, head, scanCoarseTime)
    if (code <= 0) {
      if (code < deepest) deepest = code
      code = scanLatencyContext(b, q + 1, head, scanCoarseTime)
    }
    if (code > 0) return withComm(head, start, q, code)
  }
  const code = scanUnpadded(b, p, head)
  return code > 0 || code < deepest ? code : deepest
}

/** The usual, and the same behind a file's name: `a.dat: cpus=4`, `a.dat: CPU:1 [12 EVENTS DROPPED]`. */
export function structureOfTraceCmd(b: Buffer, p: number, end: number): Structure | null {
  const usual = structureOf(b, p, end)
  if (usual !== null || end - p > LONGEST_PREFIX) return usual
  let at = skipBlanks(b, p)
  for (let q = at; q < end; q++) if (b[q] === COLON && b[q + 1] === SPACE) at = q + 2
  const structure = at === p ? null : structureOf(b, at, end)
  return structure?.kind === 'lost' || structure?.kind === 'header' ? structure : null
}

/** First byte that is no blank; -1 where the line ends before a pid could begin. */
function firstInk(b: Uint8Array, p: number): number {
  let q = p
  while (b[q] === SPACE) q++
  for (let r = q; r <= p + LATENCY_COMM_WIDTH; r++) if (b[r] === LF) return -1
  return q
}

/** Whether the comm ends `width` bytes behind `p`, as far as the dash and the pid tell. */
function dashAt(b: Uint8Array, p: number, width: number): boolean {
  for (let q = p + LATENCY_COMM_WIDTH; q < p + width; q++) if (b[q] === LF) return false
  return b[p + width] === DASH && isDigit(b[p + width + 1]!)
}

function withComm(head: LineHead, from: number, to: number, code: number): number {
  head.commStart = Math.min(from, to)
  head.commEnd = to
  return code
}

/** The comm's column begins behind a file's name, or behind as many blanks where the line is of the first input. */
function scanPrefixed(b: Uint8Array, p: number, first: number, head: LineHead): number {
  if (first > p + 2) {
    for (let dash = first; dash <= first + COMM_WIDTH && b[dash] !== LF; dash++) {
      if (b[dash] !== DASH || !isDigit(b[dash + 1]!)) continue
      let code = scanContext(b, dash + 1, head, scanTime)
      if (code <= 0) code = scanLatencyContext(b, dash + 1, head, scanTime)
      if (code > 0) return withComm(head, first, dash, code)
    }
  }
  for (let q = first; q < p + LONGEST_PREFIX && b[q] !== LF; q++) {
    if (b[q] !== COLON || b[q + 1] !== SPACE) continue
    const comm = firstInk(b, q + 2)
    if (comm < 0) break
    let dash = q + 2 + COMM_WIDTH
    let code = dashAt(b, q + 2, COMM_WIDTH) ? scanContext(b, dash + 1, head, scanTime) : Scan.noTask
    if (code <= 0 && dashAt(b, q + 2, LATENCY_COMM_WIDTH)) {
      dash = q + 2 + LATENCY_COMM_WIDTH
      code = scanLatencyContext(b, dash + 1, head, scanTime)
    }
    if (code > 0) return withComm(head, comm, dash, code)
  }
  return Scan.noTask
}

/** The pid and the blanks behind it; the position after them, or -1. */
function scanPid(b: Uint8Array, q: number, head: LineHead): number {
  const start = q
  let pid = 0
  for (; isDigit(b[q]!); q++) pid = pid * 10 + b[q]! - ZERO
  if (q === start || q - start > 9 || b[q] !== SPACE) return -1
  head.pid = pid
  head.tgid = -1
  while (b[q] === SPACE) q++
  return q
}

/** From the pid on: `pid [cpu] flags time: name…`. */
function scanContext(b: Uint8Array, q: number, head: LineHead, time: TimeScanner): number {
  q = scanPid(b, q, head)
  if (q < 0) return Scan.noTask
  if (b[q] !== OPEN_BRACKET) return Scan.noCpu
  const start = ++q
  let cpu = 0
  for (; isDigit(b[q]!); q++) cpu = cpu * 10 + b[q]! - ZERO
  if (q - start < 3 || q - start > 6 || b[q] !== CLOSE_BRACKET) return Scan.noCpu
  head.cpu = cpu
  q++
  head.flagsStart = head.flagsEnd = q
  if (b[q] === DASH) return scanRawFlags(b, q + 1, head, time)
  if (isDigit(b[q]!)) return scanGluedTime(b, q, head)
  if (b[q] !== SPACE) return Scan.noTime
  while (b[q] === SPACE) q++
  return isDigit(b[q]!) ? scanTimeAndName(b, q, head, time) : scanFlags(b, q, head, time)
}

/** With the option -l: `pid cpuflags time: name…`, the flags glued to the CPU. */
function scanLatencyContext(b: Uint8Array, q: number, head: LineHead, time: TimeScanner): number {
  q = scanPid(b, q, head)
  if (q < 0) return Scan.noTask
  const start = q
  let cpu = 0
  for (; isDigit(b[q]!); q++) cpu = cpu * 10 + b[q]! - ZERO
  if (q === start || q - start > 6) return Scan.noCpu
  head.cpu = cpu
  return b[q] === DASH ? scanRawFlags(b, q + 1, head, time) : scanFlags(b, q, head, time)
}

/** Option -R: `-0x1`, the flags as a number. */
function scanRawFlags(b: Uint8Array, q: number, head: LineHead, time: TimeScanner): number {
  head.flagsStart = q
  if (!startsWith(b, q, '0x')) return Scan.noTime
  while (b[q]! > SPACE) q++
  head.flagsEnd = q
  return b[q] === SPACE ? scanTimeAndName(b, skipBlanks(b, q), head, time) : Scan.noTime
}

/** Three letters or dots, then depths as digits or dots (libtraceevent `data_latency_format()`). */
const FEWEST_FLAGS = 3
const USUAL_FLAGS = 5
const MOST_FLAGS = 8

/** Flags and time; without a blank between where the clock counts ticks: `...1.287790886302:`. */
function scanFlags(b: Uint8Array, q: number, head: LineHead, time: TimeScanner): number {
  head.flagsStart = q
  let end = q
  let letters = q
  for (; b[end]! > SPACE && b[end] !== COLON; end++) if (!isDigit(b[end]!)) letters = end + 1
  if (letters - q < FEWEST_FLAGS || letters - q > MOST_FLAGS) return Scan.noTime
  if (b[end] === SPACE && end - q <= MOST_FLAGS) {
    head.flagsEnd = end
    return scanTimeAndName(b, skipBlanks(b, end), head, time)
  }
  // A fifth flag that is a digit cannot be told from the count's first one; programs of today print five.
  head.flagsEnd = Math.max(letters, q + USUAL_FLAGS)
  return b[end] === COLON && head.flagsEnd < end ? scanGluedTime(b, head.flagsEnd, head) : Scan.noTime
}

/** A count that nothing separates from what is before it has six digits at least: fewer could be flags. */
function scanGluedTime(b: Uint8Array, q: number, head: LineHead): number {
  const start = q
  while (isDigit(b[q]!)) q++
  if (q - start < 6 || b[q] !== COLON || b[q + 1] !== SPACE) return Scan.noTime
  return setTicks(b, start, q, head) ? scanEventName(b, q + 2, head) : Scan.timeOverflow
}

function scanTimeAndName(b: Uint8Array, q: number, head: LineHead, time: TimeScanner): number {
  q = time(b, q, head)
  return q < 0 ? q : scanEventName(b, q, head)
}

/**
 * `(+143)   name:       payload`: the difference of option --ts-diff, then the name, padded to 22 bytes (trace-read.c
 * `print_event_name()`); raw fields begin with a blank more.
 */
function scanEventName(b: Uint8Array, q: number, head: LineHead): number {
  while (b[q] === SPACE) q++
  if (b[q] === OPEN_PAREN && b[q + 1] === PLUS) {
    q += b[q + 2] === DASH ? 3 : 2
    while (isDigit(b[q]!)) q++
    if (b[q] !== CLOSE_PAREN || b[q + 1] !== SPACE) return Scan.noName
    q = skipBlanks(b, q + 1)
  }
  head.nameStart = q
  head.givenName = -1
  head.payloadEnd = -1
  while (b[q]! > SPACE && b[q] !== COLON) q++
  if (b[q] !== COLON || q === head.nameStart) return Scan.noName
  head.nameEnd = q++
  while (b[q] === SPACE) q++
  head.payloadStart = q
  return b[q] === LESS && isStackMarker(b, head) ? Scan.stackMarker : Scan.event
}

/** `kernel_stack:         <stack trace >`; the frames follow, a line each. */
function isStackMarker(b: Uint8Array, head: LineHead): boolean {
  return startsWith(b, head.nameStart, 'kernel_stack:') || startsWith(b, head.nameStart, 'user_stack:')
}

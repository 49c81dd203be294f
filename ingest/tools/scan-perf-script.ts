import {
  CLOSE_BRACKET,
  COLON,
  DASH,
  EQUALS,
  HASH,
  isDigit,
  isHex,
  LF,
  OPEN_BRACKET,
  SLASH,
  SPACE,
  skipBlanks,
  startsWith,
  TAB,
  ZERO,
} from '../ascii.ts'
import { createLineHead, type LineHead, Scan } from '../line-head.ts'
import { scanTime } from '../scan-time.ts'
import { FRAME, type Structure, structureOf } from '../structure.ts'

/** `%16s %7d [%03d] %12s: %*s: ` (builtin-script.c `perf_sample__fprintf_start()`, `process_event()`). */
const COMM_WIDTH = 16
/** `%7d `; `%5d ` in older ones. */
const TID_WIDTH = 7
const OLD_TID_WIDTH = 5
const UNKNOWN = -1

/**
 * A line as `perf script` pads it: the comm, 15 bytes at most, ends before byte 16, so it may hold anything, forged
 * contexts too.
 */
export function scanPerfScript(b: Uint8Array, p: number, head: LineHead): number {
  if (b[p] !== SPACE) return Scan.noTask
  const blank = p + COMM_WIDTH
  let q = p
  while (q < blank && b[q] === SPACE) q++
  head.commStart = q
  head.commEnd = blank
  for (; q < blank; q++) if (b[q] === LF) return Scan.noTask
  if (b[q] !== SPACE) return Scan.noTask
  while (b[q] === SPACE) q++
  return scanContext(b, q, head)
}

/** The same with call chains, which are printed without padding, and without the comm. */
export function scanPerfScriptUnpadded(b: Uint8Array, p: number, head: LineHead): number {
  let start = p
  while (b[start] === SPACE) start++
  let deepest: number = endOfWord(b, start) >= p + OLD_TID_WIDTH ? scanContext(b, start, head) : Scan.noTask
  if (deepest > 0) {
    head.commStart = head.commEnd = -1
    return deepest
  }
  for (let q = start; b[q] !== LF; ) {
    if (b[q] !== SPACE) {
      q++
      continue
    }
    const blanks = q
    while (b[q] === SPACE) q++
    if (!isDigit(b[q]!) && b[q] !== DASH) continue
    const code = scanContext(b, q, head)
    if (code < deepest) deepest = code
    if (code <= 0) continue
    head.commStart = start
    head.commEnd = endOfComm(b, blanks, q)
    return code
  }
  return deepest
}

/** The usual, a call chain's frame, and the records that --show-lost-events and its like print. */
export function structureOfPerfScript(b: Buffer, p: number, end: number): Structure | null {
  const first = b[p]
  if (first === TAB && isFrame(b, p + 1)) return FRAME
  // A task's name may begin so too.
  if ((first === TAB || first === HASH || first === EQUALS) && scanPerfScriptUnpadded(b, p, HEAD) > 0) return null
  if (first === TAB) return FRAME
  const usual = structureOf(b, p, end)
  if (usual !== null || end - p > LONGEST_RECORD) return usual
  const line = b.toString('latin1', p, end)
  const lost = LOST_RECORD.exec(line)
  if (lost) return { kind: 'lost', cpu: lost[1] === undefined ? UNKNOWN : Number(lost[1]), lost: BigInt(lost[2]!) }
  const complaint = LOST_EVENTS.exec(line)
  if (complaint) return { kind: 'lost', cpu: UNKNOWN, lost: BigInt(complaint[1]!) }
  return RECORD.test(line) ? { kind: 'header' } : null
}

/** `\t%16llx symbol+0x27b (dso)` (evsel_fprintf.c `sample__fprintf_callchain()`). */
function isFrame(b: Uint8Array, p: number): boolean {
  let q = p
  while (q < p + ADDRESS_WIDTH && b[q] === SPACE) q++
  const start = q
  while (isHex(b[q]!)) q++
  return q > start && q === p + ADDRESS_WIDTH && b[q]! <= SPACE
}

const HEAD = createLineHead()
const ADDRESS_WIDTH = 16
const LONGEST_RECORD = 512
/** event.c `perf_event__fprintf_lost()`, `perf_event__fprintf_lost_samples()`. */
const LOST_RECORD = /(?:\[(\d{3,6})\] [^[\]]*\d: |\d: |^ *)PERF_RECORD_LOST(?:_SAMPLES)? +lost (\d{1,19})\s*$/
const LOST_EVENTS = /^ *LOST (\d{1,19}) events!/
const RECORD = /(?:^|[\d:]) *PERF_RECORD_[A-Z_0-9]+/

/** The comm's own trailing blanks are what the tid's column does not need. */
function endOfComm(b: Uint8Array, blanks: number, tid: number): number {
  const needed = Math.max(1, TID_WIDTH + 1 - (endOfWord(b, tid) - tid))
  return Math.max(blanks, tid - needed)
}

function endOfWord(b: Uint8Array, q: number): number {
  while (b[q]! > SPACE && b[q] !== SLASH) q++
  return q
}

/** From the ids on: `[pid/]tid [cpu] flags time: period group:event: …`; the CPU, flags and period need not be there. */
function scanContext(b: Uint8Array, q: number, head: LineHead): number {
  q = scanIds(b, q, head)
  if (q < 0) return Scan.noTask
  head.cpu = UNKNOWN
  head.flagsStart = head.flagsEnd = q
  if (b[q] === OPEN_BRACKET) {
    q = scanCpu(b, q + 1, head)
    if (q < 0) return Scan.noCpu
    head.flagsStart = q
    if (!isDigit(b[q]!)) while (b[q]! > SPACE) q++
    head.flagsEnd = q
    if (q - head.flagsStart > MOST_FLAGS) return Scan.noTime
    while (b[q] === SPACE) q++
  }
  const after = scanTime(b, q, head)
  if (after < 0) return after
  while (isDigit(b[q]!)) q++
  // A comm is too short to forge as many decimals as perf prints.
  const decimals = after - q - ': '.length - 1
  return decimals === 6 || decimals === 9 ? scanEventName(b, after, head) : Scan.noTime
}

const MOST_FLAGS = 8

/** `26548 ` or `26529/26548 `; -1 stands for a thread that perf does not know. The position after the blanks, or -1. */
function scanIds(b: Uint8Array, q: number, head: LineHead): number {
  head.tgid = UNKNOWN
  q = scanId(b, q, head)
  if (q >= 0 && b[q] === SLASH) {
    head.tgid = head.pid
    q = scanId(b, q + 1, head)
  }
  return q >= 0 && b[q] === SPACE ? skipBlanks(b, q) : -1
}

function scanId(b: Uint8Array, q: number, head: LineHead): number {
  const negative = b[q] === DASH
  const start = negative ? q + 1 : q
  let id = 0
  for (q = start; isDigit(b[q]!); q++) id = id * 10 + b[q]! - ZERO
  if (q === start || q - start > 9) return -1
  head.pid = negative ? UNKNOWN : id
  return q
}

/** `001] `; the position after the blanks, or -1. */
function scanCpu(b: Uint8Array, q: number, head: LineHead): number {
  const start = q
  let cpu = 0
  for (; isDigit(b[q]!); q++) cpu = cpu * 10 + b[q]! - ZERO
  if (q - start < 3 || q - start > 6 || b[q] !== CLOSE_BRACKET || b[q + 1] !== SPACE) return -1
  head.cpu = cpu
  return skipBlanks(b, q + 1)
}

/** `         1 dma_buf:dma_buf_export: payload`; the name keeps its group and ends with the word. */
function scanEventName(b: Uint8Array, q: number, head: LineHead): number {
  while (b[q] === SPACE) q++
  if (isDigit(b[q]!)) {
    let r = q
    while (isDigit(b[r]!)) r++
    if (b[r] === SPACE) q = skipBlanks(b, r)
  }
  head.nameStart = q
  head.givenName = -1
  head.payloadEnd = -1
  while (b[q]! > SPACE) q++
  if (q - head.nameStart < 2 || b[q - 1] !== COLON || startsWith(b, head.nameStart, 'PERF_RECORD_')) return Scan.noName
  head.nameEnd = q - 1
  head.payloadStart = b[q] === SPACE ? q + 1 : q
  return Scan.event
}

import {
  CLOSE_BRACE,
  CLOSE_PAREN,
  COLON,
  CR,
  DASH,
  DOT,
  isDigit,
  LF,
  PIPE,
  SLASH,
  SPACE,
  STAR,
  skipBlanks,
  startsWith,
  ZERO,
} from '../ascii.ts'
import { GivenName, type LineHead, Scan } from '../line-head.ts'
import { setTime } from '../scan-time.ts'

/**
 * `   13.769008 |   0)  dbuflab-191   | + 97.495 us   |  fn() {`: function_graph with the options funcgraph-abstime and
 * funcgraph-proc (trace_functions_graph.c `print_graph_prologue()`); only with both does a line say when and who.
 *
 * Calls are events `funcgraph_entry` and `funcgraph_exit` as trace-cmd names them, their payload begins with the
 * duration column; a comment is the event that it holds.
 */
export function scanGraph(b: Uint8Array, p: number, head: LineHead): number {
  let q = scanGraphTime(b, skipBlanks(b, p), head)
  if (q < 0) return q
  q = skipBlanks(b, q)
  const cpuStart = q
  for (head.cpu = 0; isDigit(b[q]!); q++) head.cpu = head.cpu * 10 + b[q]! - ZERO
  if (q === cpuStart || q - cpuStart > 6 || b[q] !== CLOSE_PAREN) return Scan.noCpu
  q = scanTask(b, skipBlanks(b, q + 1), head)
  if (q < 0) return q
  q = skipBlanks(b, q)
  head.flagsStart = head.flagsEnd = q
  if (b[q] !== PIPE && hasFlags(b, q)) {
    while (b[q] !== SPACE) q++
    head.flagsEnd = q
    q = skipBlanks(b, skipBlanks(b, q) + 1)
  }
  return scanBody(b, q, head)
}

/** ` ------` rulers, the task switches between them, and `==========> |` marks of interrupts are drawing only. */
export function scanGraphRuler(b: Uint8Array, p: number, _head: LineHead): number {
  let q = skipBlanks(b, p)
  if (startsWith(b, q, '------')) return Scan.ruler
  let digits = 0
  while (isDigit(b[q]!)) {
    q++
    digits++
  }
  if (digits === 0 || b[q] !== CLOSE_PAREN) return Scan.noTime
  for (; b[q] !== LF; q++) if (startsWith(b, q, ' => ')) return Scan.ruler
  return Scan.noTime
}

/** `%5lu.%06lu |  ` (`print_graph_abs_time()`); the position after the bar. */
function scanGraphTime(b: Uint8Array, q: number, head: LineHead): number {
  const start = q
  let seconds = 0
  for (; isDigit(b[q]!); q++) seconds = seconds * 10 + b[q]! - ZERO
  if (q === start || b[q] !== DOT) return Scan.noTime
  const fraction = ++q
  let microseconds = 0
  for (; isDigit(b[q]!); q++) microseconds = microseconds * 10 + b[q]! - ZERO
  if (q - fraction !== 6 || b[q] !== SPACE) return Scan.noTime
  q = skipBlanks(b, q)
  if (b[q] !== PIPE) return Scan.noTime
  if (fraction - start > 10) return Scan.timeOverflow
  setTime(head, seconds, microseconds * 1000)
  head.ticks = 0
  return q + 1
}

/** `%s-%s` centred in 14 bytes and a bar; the comm, cut to 7 bytes, may hold dashes. The position after the bar. */
function scanTask(b: Uint8Array, q: number, head: LineHead): number {
  head.commStart = q
  head.tgid = -1
  for (; b[q] !== LF; q++) {
    if (b[q] !== DASH || !isDigit(b[q + 1]!)) continue
    let pid = 0
    let r = q + 1
    for (; isDigit(b[r]!); r++) pid = pid * 10 + b[r]! - ZERO
    if (r - q > 10 || b[r] !== SPACE) continue
    r = skipBlanks(b, r)
    if (b[r] !== PIPE) continue
    head.commEnd = q
    head.pid = pid
    return r + 1
  }
  return Scan.noTask
}

/** `d..1. | ` (option latency-format or irq-info within the graph): five to eight characters before a bar. */
function hasFlags(b: Uint8Array, q: number): boolean {
  const start = q
  while (b[q]! > SPACE && b[q] !== PIPE) q++
  return q - start >= 4 && q - start <= 8 && b[q] === SPACE && b[skipBlanks(b, q)] === PIPE && !isDigit(b[start]!)
}

/** Duration column and what follows it. */
function scanBody(b: Uint8Array, q: number, head: LineHead): number {
  head.payloadStart = q
  head.payloadEnd = -1
  head.givenName = -1
  while (b[q] !== PIPE && b[q] !== LF) q++
  const body = skipBlanks(b, b[q] === PIPE ? q + 1 : head.payloadStart)
  if (b[body] === SLASH && b[body + 1] === STAR) return scanComment(b, body + 2, head)
  if (startsWith(b, head.payloadStart, '=====') || startsWith(b, head.payloadStart, '<====')) return Scan.ruler
  if (b[body] === LF || b[body] === CR) return Scan.noName
  head.givenName = b[body] === CLOSE_BRACE ? GivenName.graphExit : GivenName.graphEntry
  return Scan.event
}

/** An event inside the graph, printed as a comment; trace_printk and markers come without their name (`print_graph_comment()`). */
function scanComment(b: Uint8Array, q: number, head: LineHead): number {
  q = skipBlanks(b, q)
  head.nameStart = q
  head.payloadStart = q
  let last = q
  for (let r = q; b[r] !== LF; r++) if (b[r] === STAR && b[r + 1] === SLASH) last = r
  head.payloadEnd = last > q && b[last - 1] === SPACE ? last - 1 : last
  if (last === q) return Scan.noName
  while (b[q]! > SPACE && b[q] !== COLON) q++
  head.nameEnd = q
  if (b[q] === COLON && b[q + 1] === SPACE && q > head.nameStart) head.payloadStart = Math.min(q + 2, head.payloadEnd)
  else head.givenName = GivenName.print
  return Scan.event
}

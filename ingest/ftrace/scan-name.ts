import {
  CLOSE_BRACKET,
  COLON,
  CR,
  DASH,
  GREATER,
  HASH,
  isDigit,
  LESS,
  LF,
  OPEN_BRACKET,
  OPEN_PAREN,
  SPACE,
  startsWith,
} from '../ascii.ts'
import { GivenName, type LineHead, Scan } from '../line-head.ts'

/**
 * Event name and payload after the time.
 *
 * `name: payload` (any tracepoint; `func: text` of trace_printk), `fn <-caller` (trace_functions.c), `sys_x(args)` and
 * `sys_x -> 0x0` (trace_syscalls.c), `<stack trace>`, `UNKNOWN TYPE 5` and `# 5 buf: …` (trace_output.c).
 */
export function scanName(b: Uint8Array, q: number, head: LineHead): number {
  head.nameStart = q
  head.givenName = -1
  head.payloadEnd = -1
  let c = b[q]!
  // Letters and the underscore lie above the colon: one comparison for most bytes.
  while (c > COLON || (c !== COLON && c !== SPACE && c !== OPEN_PAREN && c !== LF && c !== CR)) c = b[++q]!
  head.nameEnd = q
  head.payloadStart = q
  if (q === head.nameStart) return Scan.noName
  if (c === COLON) {
    head.payloadStart = b[q + 1] === SPACE ? q + 2 : q + 1
    return Scan.event
  }
  if (c === OPEN_PAREN) return Scan.event
  if (c !== SPACE) return Scan.noName
  return scanWords(b, q, head)
}

function scanWords(b: Uint8Array, q: number, head: LineHead): number {
  const first = b[head.nameStart]!
  if (first === LESS && (startsWith(b, head.nameStart, '<stack trace') || startsWith(b, head.nameStart, '<user stack')))
    return Scan.stackMarker
  if (startsWith(b, head.nameStart, 'UNKNOWN TYPE ') || startsWith(b, head.nameStart, 'Unknown type ')) {
    head.givenName = GivenName.unknownType
    head.payloadStart = head.nameStart + 13
    return Scan.event
  }
  if (first === HASH && q === head.nameStart + 1) {
    head.givenName = GivenName.rawData
    head.payloadStart = head.nameStart
    return Scan.event
  }
  // Symbols under the options sym-offset and sym-addr: `fn+0x4/0x10 [module]`, `fn <ffffffff81000000>`.
  let after = q + 1
  if (b[after] === OPEN_BRACKET) after = skipTo(b, after, CLOSE_BRACKET)
  else if (b[after] === LESS && b[after + 1] !== DASH) after = skipTo(b, after, GREATER)
  if (after !== q + 1) {
    if (b[after] === COLON) {
      head.payloadStart = b[after + 1] === SPACE ? after + 2 : after + 1
      return Scan.event
    }
    if (b[after] === SPACE) after++
  }
  if (b[after] === LESS && b[after + 1] === DASH) {
    head.payloadStart = after
    return Scan.event
  }
  if (b[after] === DASH && b[after + 1] === GREATER && b[after + 2] === SPACE && isDigit(b[after + 3]!)) {
    head.payloadStart = after
    return Scan.event
  }
  return Scan.noName
}

/** Position after the next `mark` of this line, or of the line's end. */
function skipTo(b: Uint8Array, q: number, mark: number): number {
  while (b[q] !== mark && b[q] !== LF) q++
  return b[q] === mark ? q + 1 : q
}

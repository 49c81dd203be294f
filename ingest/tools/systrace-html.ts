import { BACKSLASH, skipBlanks } from '../ascii.ts'
import { beginReader } from '../begin-reader.ts'
import { type InnerLine, scanInner, spelledLine, withoutLineEnd } from '../inner-line.ts'
import type { LineLayout, LineReader } from '../layout.ts'
import { createLineHead, type LineHead, Scan } from '../line-head.ts'
import { type Structure, structureOf } from '../structure.ts'

/** Where in the page: outside of scripts, in a script with data that is no trace, in the trace, in a JavaScript string. */
type Place = 'outside' | 'data' | 'trace' | 'string'

const AROUND: Structure = { kind: 'around' }

/** systrace.py, catapult `systrace_trace_viewer.html`: the class says what it holds; text in it is not escaped. */
const DATA_SCRIPT = /<script[^<>]{0,200}\bclass="trace-data"[^<>]{0,200}>/
const VIEWER_DATA = /<script[^<>]{0,200}\bid="viewer-data"[^<>]{0,200}>/
const STRING_BEGINS = /\blinuxPerfData\s*=\s*"/
const SCRIPT_ENDS = '</script>'
/** The two escapes that end each line of the string: a line feed, and the string going on in the next line. */
const LINE_ESCAPES = Buffer.from('\\n\\')
const LEGEND = /^#.*TASK-PID|^# tracer:/

/**
 * A systrace page. New ones hold kernel text in `<script class="trace-data">`, next to sections with lists of processes and
 * cgroups; old ones a JavaScript string, `var linuxPerfData = "\`, each line ended by `\n\`. All else is around the trace.
 */
export function systraceHtml(layout: LineLayout): LineLayout {
  return {
    scan: nothing,
    scanLoose: nothing,
    relativeTime: false,
    begin: (kept) => beginPage(layout, (kept as { place: Place } | null)?.place ?? 'outside'),
  }
}

const nothing = () => Scan.noTask

function beginPage(layout: LineLayout, first: Place): LineReader {
  const inner = beginReader(layout, null)
  const attempt = createLineHead()
  let place = first
  let next: InnerLine | number = Scan.noTask

  function structure(b: Buffer, p: number, end: number): Structure | null {
    const line = b.toString('latin1', p, end)
    if (place === 'outside') return outside(b, p, end, line)
    return place === 'string' ? inString(b, p, end, line) : inScript(b, p, end, line)
  }

  function outside(b: Buffer, p: number, end: number, line: string): Structure | null {
    const data = DATA_SCRIPT.exec(line)
    if (data) {
      place = 'data'
      const start = p + data.index + data[0].length
      return inScript(b, start, end, line.slice(start - p))
    }
    if (VIEWER_DATA.test(line)) {
      next = Scan.compressed
      return null
    }
    if (STRING_BEGINS.test(line)) {
      place = 'string'
      return AROUND
    }
    // A piece cut out of the string: no line of a page ends so, and reads as an event.
    if (b.subarray(end - 3, end).equals(LINE_ESCAPES) && isEvent(inner, unescaped(b, p, end - 3), attempt))
      return inString(b, p, end, line)
    return AROUND
  }

  function inScript(b: Buffer, p: number, end: number, line: string): Structure | null {
    const close = line.indexOf(SCRIPT_ENDS)
    const within: InnerLine = { bytes: b, start: p, end: close < 0 ? end : p + close, inPlace: true }
    if (place === 'data') {
      if (LEGEND.test(line) || isEvent(inner, within, attempt)) place = 'trace'
      else {
        if (close >= 0) place = 'outside'
        return AROUND
      }
    }
    if (close >= 0) place = 'outside'
    return take(within)
  }

  function inString(b: Buffer, p: number, end: number, line: string): Structure | null {
    if (b.subarray(end - 3, end).equals(LINE_ESCAPES)) return take(unescaped(b, p, end - 3))
    if (!endsString(line)) return b[end - 1] === BACKSLASH ? take(unescaped(b, p, end - 1)) : take(unescaped(b, p, end))
    place = 'outside'
    return take(unescaped(b, p, p + line.lastIndexOf('"')))
  }

  function take(line: InnerLine): Structure | null {
    next = line
    const { bytes, start, end } = line
    if (skipBlanks(bytes, start) >= end) return { kind: 'blank' }
    if (scanInner(inner, line, attempt, true) > 0) return null
    const found = (inner.structure ?? structureOf)(bytes, start, end)
    return found?.kind === 'header' ? { text: bytes.toString('latin1', start, end), ...found } : found
  }

  return {
    scan: nothing,
    structure,
    scanLoose: (_b, _p, head) => (typeof next === 'number' ? next : scanInner(inner, next, head)),
    relativeTime: false,
    state: () => ({ place }),
  }
}

/** Asked before the line's turn: `inner` must keep nothing between lines. */
function isEvent(inner: LineReader, line: InnerLine, attempt: LineHead): boolean {
  return scanInner(inner, line, attempt) === Scan.event
}

/** Whether the string ends with the line: an unescaped quote, and a semicolon or none. */
function endsString(line: string): boolean {
  const code = line.trimEnd()
  const text = code.endsWith(';') ? code.slice(0, -1).trimEnd() : code
  let escapes = 0
  while (text[text.length - 2 - escapes] === '\\') escapes++
  return text.endsWith('"') && escapes % 2 === 0
}

const ESCAPED: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v', 0: '\0' }

/** A line of a JavaScript string; in its place where nothing is escaped. */
function unescaped(b: Buffer, p: number, end: number): InnerLine {
  if (b.subarray(p, end).indexOf(BACKSLASH) < 0) return { bytes: b, start: p, end, inPlace: true }
  const text = b
    .toString('latin1', p, end)
    .replace(/\\(?:x([\dA-Fa-f]{2})|(.))/gs, (_, hex: string | undefined, one: string) =>
      hex === undefined ? (ESCAPED[one] ?? one) : String.fromCharCode(Number.parseInt(hex, 16)),
    )
  return spelledLine(Buffer.from(withoutLineEnd(text), 'latin1'))
}

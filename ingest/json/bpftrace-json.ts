import { UNKNOWN } from '../../src/domain/record.ts'
import { LF } from '../ascii.ts'
import { beginReader } from '../begin-reader.ts'
import { decodeText } from '../decode-text.ts'
import { type InnerLine, scanInner, spelledLine, withoutLineEnd } from '../inner-line.ts'
import type { LineLayout, LineReader } from '../layout.ts'
import { createLineHead, type LineHead, Scan } from '../line-head.ts'
import { resemblesTrace } from '../mail/resembles-trace.ts'
import { type Structure, structureOf } from '../structure.ts'
import { type ExactValue, exactInteger, isObject } from './exact-json.ts'
import { headerOf, type JsonState, parseObject, readObject } from './ndjson.ts'

/** Message types of bpftrace (src/output.cpp `operator<<(std::ostream &, MessageType)`) that may hold an event. */
const PRINTED = ['printf', 'cat', 'join']
const AROUND: Structure = { kind: 'around' }

/** What a line turned out to be. */
type Found =
  | { kind: 'structure'; structure: Structure }
  | { kind: 'object'; object: { [key: string]: ExactValue } }
  | { kind: 'text'; line: InnerLine }
  | { kind: 'code'; code: number }

/**
 * `bpftrace -f json`: each line `{"type":…,"data":…}`. What `printf` printed is an event object of our schema or a line
 * of kernel text (`inner`); maps, histograms and lists of probes are around the trace; lost events are lost.
 */
export function bpftraceJson(layout: LineLayout): LineLayout {
  return {
    scan: () => Scan.notJson,
    scanLoose: () => Scan.notJson,
    relativeTime: false,
    begin: (kept) => beginBpftrace(layout, (kept as JsonState | null) ?? { ticks: false }),
  }
}

function beginBpftrace(layout: LineLayout, kept: JsonState): LineReader {
  const inner = beginReader(layout, null)
  const state = { ...kept }
  const attempt = createLineHead()
  let next: Found = { kind: 'code', code: Scan.notJson }
  return {
    scan: () => Scan.notJson,
    structure(b, p, end) {
      next = readMessage(b, p, end)
      return next.kind === 'structure' ? next.structure : null
    },
    scanLoose: (_b, _p, head) => scanFound(next, head),
    relativeTime: false,
    state: () => ({ ...state }),
  }

  function readMessage(b: Buffer, p: number, end: number): Found {
    if (structureOf(b, p, end)?.kind === 'blank') return structural({ kind: 'blank' })
    const message = parseObject(decodeText(b.subarray(p, lineEnd(b, p, end))))
    if (message === null || typeof message.type !== 'string') return { kind: 'code', code: Scan.notJson }
    if (message.type === 'lost_events') return structural({ kind: 'lost', cpu: UNKNOWN, lost: countOf(message.data) })
    if (!PRINTED.includes(message.type) || typeof message.data !== 'string') return structural(AROUND)
    return readPrinted(withoutLineEnd(message.data))
  }

  function readPrinted(text: string): Found {
    if (text.trim() === '') return structural({ kind: 'blank' })
    if (/^\s*\{/.test(text)) {
      const object = parseObject(text)
      if (object === null) return { kind: 'code', code: Scan.notJson }
      const header = headerOf(object, state)
      return header ? structural(header) : { kind: 'object', object }
    }
    if (text.includes('\n'))
      return resemblesTrace(text) ? { kind: 'code', code: Scan.severalLines } : structural(AROUND)
    const line = spelledLine(Buffer.from(text))
    const found = (inner.structure ?? structureOf)(line.bytes, 0, line.end)
    if (found) return structural(found.kind === 'header' ? { text, ...found } : found)
    // Words of the script, such as a banner.
    if (!resemblesTrace(text) && scanInner(inner, line, attempt) <= 0) return structural(AROUND)
    return { kind: 'text', line }
  }

  function scanFound(found: Found, head: LineHead): number {
    if (found.kind === 'object') return readObject(found.object, state, head)
    if (found.kind === 'text') return scanInner(inner, found.line, head)
    return found.kind === 'code' ? found.code : Scan.ruler
  }
}

function structural(structure: Structure): Found {
  return { kind: 'structure', structure }
}

function lineEnd(b: Buffer, p: number, end: number): number {
  const feed = b.indexOf(LF, p)
  return feed < 0 ? end : Math.min(feed, end)
}

function countOf(data: ExactValue | undefined): bigint | null {
  return isObject(data) && data.events !== undefined ? exactInteger(data.events) : null
}

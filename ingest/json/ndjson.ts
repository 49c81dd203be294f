import { LF } from '../ascii.ts'
import { decodeText } from '../decode-text.ts'
import type { HeaderFacts } from '../header.ts'
import type { LineLayout, LineReader } from '../layout.ts'
import { type LineHead, Scan } from '../line-head.ts'
import { type Structure, structureOf } from '../structure.ts'
import { ExactNumber, type ExactValue, isObject, parseExact } from './exact-json.ts'
import { readJsonEvent } from './json-event.ts'

export interface JsonState {
  ticks: boolean
}

/** Clocks of trace.c `trace_clocks[]` that count something else than nanoseconds. */
const TICK_CLOCKS = ['counter', 'uptime', 'x86-tsc']

/** Events of our own schema, one JSON object a line; also what `query events --format ndjson` prints. See docs/layouts.md. */
export const ndjson: LineLayout = {
  scan: () => Scan.notJson,
  scanLoose: (b, p, head) => readJsonEvent(objectAt(b, p) ?? {}, false, head),
  relativeTime: false,
  begin: (kept) => beginNdjson((kept as JsonState | null) ?? { ticks: false }),
}

function beginNdjson(kept: JsonState): LineReader {
  const state = { ...kept }
  let object: { [key: string]: ExactValue } | null = null
  return {
    // An object is read when its line is whole, and once.
    scan: () => Scan.notJson,
    structure(b, p, end) {
      const found = structureOf(b, p, end)
      if (found?.kind === 'blank') return found
      object = objectAt(b, p)
      return object === null ? null : headerOf(object, state)
    },
    scanLoose: (_b, _p, head) => readObject(object, state, head),
    relativeTime: false,
    state: () => ({ ...state }),
  }
}

/** Why an object is no event, or `Scan.event`. */
export function readObject(object: { [key: string]: ExactValue } | null, { ticks }: JsonState, head: LineHead): number {
  if (object === null) return Scan.notJson
  return object.revenant === undefined ? readJsonEvent(object, ticks, head) : Scan.badHeader
}

/** `{"revenant":1,"clock":"boot","kernel":"7.3.4","host":"x","boot_id":"…"}`; null where the object is none. */
export function headerOf(object: { [key: string]: ExactValue }, state: JsonState): Structure | null {
  const { revenant, clock, kernel, host, boot_id } = object
  if (!(revenant instanceof ExactNumber) || revenant.source !== '1') return null
  const facts: Partial<HeaderFacts> = {}
  if (typeof clock === 'string') facts.clock = clock
  if (typeof kernel === 'string') facts.kernel = kernel
  if (typeof host === 'string') facts.host = host
  if (typeof boot_id === 'string') facts.bootId = boot_id
  if (facts.clock) state.ticks = TICK_CLOCKS.includes(facts.clock)
  return { kind: 'header', text: '', facts }
}

function objectAt(b: Uint8Array, p: number): { [key: string]: ExactValue } | null {
  const end = b.indexOf(LF, p)
  return parseObject(decodeText(Buffer.from(b.buffer, b.byteOffset + p, end - p)))
}

/** The object that the text is, or null. */
export function parseObject(text: string): { [key: string]: ExactValue } | null {
  const value = parseExact(text)
  return isObject(value) ? value : null
}

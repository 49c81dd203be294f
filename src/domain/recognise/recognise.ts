import { type Act, clearAct } from '../act.ts'
import type { TraceRecord } from '../record.ts'
import { type EventName, readEventName } from './event-name.ts'
import { emptyFields } from './fields.ts'
import { readHead } from './head.ts'
import { recogniseKernelLog } from './kernel-log.ts'
import { type Probe, probeOf, recogniseProbe } from './probe.ts'
import { isRawHead, readRawHead, withoutComplaint } from './raw-fields.ts'
import { recogniseSnapshot, SNAPSHOT_TYPES } from './snapshot.ts'
import { recogniseTracepoint } from './tracepoints.ts'
import { compileUserRecognisers, type UserRecogniser } from './user-recogniser.ts'

/** Says what records mean. */
export interface Recogniser {
  /** Fills `act` and returns true, or returns false where the record means nothing here. */
  recognise(record: TraceRecord, act: Act): boolean
  /** Whether an event of this name can mean anything when its payload does not begin as a probe's does. */
  knows(name: string): boolean
}

/**
 * A probe is known by the function in its payload's head, a tracepoint by its name, a fault or reset by the words of
 * the kernel log. The user's own recognisers are asked first.
 */
export function createRecogniser(own: readonly UserRecogniser[] = []): Recogniser {
  const fields = emptyFields()
  const users = compileUserRecognisers(own)
  const probes = createProbeFinder()
  const names = new Map<string, EventName>()
  const nameOf = (name: string): EventName => {
    let known = names.get(name)
    if (known === undefined) {
      known = readEventName(name)
      names.set(name, known)
    }
    return known
  }
  return {
    knows: (name) => {
      const { event, native } = nameOf(name)
      return users.has(name) || users.has(event) || native !== null || SNAPSHOT_TYPES.has(name)
    },
    recognise(record, act) {
      clearAct(act)
      const { name } = record
      const { event, native } = nameOf(name)
      const payload = withoutComplaint(record.payload)
      const user = users.get(name) ?? users.get(event)
      if (user) return user(payload, fields, act)
      // Anybody may write a marker that looks like a probe.
      if (native !== 'marker' && beginsAsProbe(payload.charCodeAt(0))) {
        const probe = probes(name, event, payload)
        if (probe === null) return false
        if (probe !== undefined) {
          recogniseProbe(probe, payload, act)
          return true
        }
      }
      if (native === null) return recogniseSnapshot(name, payload, fields, act)
      if (native === 'console') {
        recogniseKernelLog(payload.startsWith(RAW_CONSOLE) ? payload.slice(RAW_CONSOLE.length) : payload, act)
        return true
      }
      // The function tracer prints `dma_buf_export <-system_heap_allocate`: a call, not the event of that name.
      if (payload.startsWith('<-')) return false
      return recogniseTracepoint(event, payload, fields, act)
    },
  }
}

const PAREN = 0x28
const UNDERSCORE = 0x5f
const BRACKET = 0x5b
const RAW_CONSOLE = 'msg='

/** Whether a probe's payload may begin with this byte: with `(`, with `__probe_ip=`, or with `[FAILED TO PARSE]`. */
export function beginsAsProbe(first: number): boolean {
  return first === PAREN || first === UNDERSCORE || first === BRACKET
}

const MOST_HEADS = 64

/**
 * A probe's head repeats with every record, one for each caller: it is parsed once, and then found by comparing.
 * Undefined where the payload has no head, null where the probe means nothing.
 */
function createProbeFinder(): (name: string, event: string, payload: string) => Probe | null | undefined {
  const known = new Map<string, { head: string; probe: Probe | null }[]>()
  return (name, event, payload) => {
    let heads = known.get(name)
    if (heads === undefined) {
      heads = []
      known.set(name, heads)
    }
    for (let i = 0; i < heads.length; i++) {
      const candidate = heads[i]!
      if (payload.startsWith(candidate.head)) return candidate.probe
    }
    const head = isRawHead(payload) ? readRawHead(payload) : readHead(payload)
    if (head === null) return undefined
    const text = payload.slice(0, head.end)
    const probe = probeOf(event, head, text)
    if (heads.length >= MOST_HEADS) heads.length = 0
    heads.push({ head: text, probe })
    return probe
  }
}

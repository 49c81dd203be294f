import { type Act, clearAct } from '../act.ts'
import type { TraceRecord } from '../record.ts'
import { emptyFields } from './fields.ts'
import { readHead } from './head.ts'
import { recogniseKernelLog } from './kernel-log.ts'
import { type Probe, probeOf, recogniseProbe } from './probe.ts'
import { recogniseSnapshot, SNAPSHOT_TYPES } from './snapshot.ts'
import { recogniseTracepoint, TRACEPOINT_TYPES } from './tracepoints.ts'
import { compileUserRecognisers, type UserRecogniser } from './user-recogniser.ts'

/** Says what records mean. */
export interface Recogniser {
  /** Fills `act` and returns true, or returns false where the record means nothing here. */
  recognise(record: TraceRecord, act: Act): boolean
  /** Whether an event of this name can mean anything when its payload does not begin with a probe's head. */
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
  return {
    knows: (name) => users.has(name) || name === 'console' || TRACEPOINT_TYPES.has(name) || SNAPSHOT_TYPES.has(name),
    recognise(record, act) {
      clearAct(act)
      const { name, payload } = record
      const user = users.size === 0 ? undefined : users.get(name)
      if (user) return user(payload, fields, act)
      if (payload.charCodeAt(0) === PAREN) {
        const probe = probes(name, payload)
        if (probe === null) return false
        if (probe !== undefined) {
          recogniseProbe(probe, payload, act)
          return true
        }
      }
      if (name === 'console') {
        recogniseKernelLog(payload, act)
        return true
      }
      // The function tracer prints `dma_buf_export <-system_heap_allocate`: a call, not the event of that name.
      if (payload.startsWith('<-')) return false
      return recogniseTracepoint(name, payload, fields, act) || recogniseSnapshot(name, payload, fields, act)
    },
  }
}

const PAREN = 0x28
const MOST_HEADS = 64

/**
 * A probe's head repeats with every record, one for each caller: it is parsed once, and then found by comparing.
 * Undefined where the payload has no head, null where the probe means nothing.
 */
function createProbeFinder(): (name: string, payload: string) => Probe | null | undefined {
  const known = new Map<string, { head: string; probe: Probe | null }[]>()
  return (name, payload) => {
    let heads = known.get(name)
    if (heads === undefined) {
      heads = []
      known.set(name, heads)
    }
    for (let i = 0; i < heads.length; i++) {
      const candidate = heads[i]!
      if (payload.startsWith(candidate.head)) return candidate.probe
    }
    const head = readHead(payload)
    if (head === null) return undefined
    const text = payload.slice(0, head.end)
    const probe = probeOf(name, head, text)
    if (heads.length >= MOST_HEADS) heads.length = 0
    heads.push({ head: text, probe })
    return probe
  }
}

import { type Act, clearAct } from '../act.ts'
import type { TraceRecord } from '../record.ts'
import { emptyFields, readFields } from './fields.ts'
import { createHeadReader } from './head.ts'
import { recogniseKernelLog } from './kernel-log.ts'
import { recogniseProbe } from './probe.ts'
import { recogniseTracepoint } from './tracepoints.ts'
import { compileUserRecognisers, type UserRecogniser } from './user-recogniser.ts'

/** Says what a record means: fills `act` and returns true, or returns false where it means nothing here. */
export type Recognise = (record: TraceRecord, act: Act) => boolean

/**
 * A probe is known by the function in its payload's head, a tracepoint by its name, a fault or reset by the words of
 * the kernel log. The user's own recognisers are asked first.
 */
export function createRecogniser(own: readonly UserRecogniser[] = []): Recognise {
  const readHead = createHeadReader()
  const fields = emptyFields()
  const users = compileUserRecognisers(own)
  return (record, act) => {
    clearAct(act)
    const { name, payload } = record
    const user = users.get(name)
    if (user) return user(payload, fields, act)
    const head = readHead(payload)
    if (head) {
      readFields(payload, head.end, fields)
      return recogniseProbe(name, head, fields, act)
    }
    if (name === 'console') {
      recogniseKernelLog(payload, act)
      return true
    }
    // The function tracer prints `dma_buf_export <-system_heap_allocate`: a call, not the event of that name.
    if (payload.startsWith('<-')) return false
    return recogniseTracepoint(name, payload, fields, act)
  }
}

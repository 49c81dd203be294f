import type { TraceRecord } from '../domain/record.ts'
import type { InputSpan } from '../log/read-inputs.ts'
import { inputAt } from './input-order.ts'

/** What was told at the current time. */
export interface Telling {
  now: bigint | null
  /** How often each event was told: by each input, and at most by any. */
  told: Map<string, { byInput: Map<number, number>; most: number }>
}

/**
 * Says of each event, given in the order of time, whether another input has told it: two dumps of one boot overlap, and
 * what both hold happened once. What one input says twice at one time happened twice. Tasks' names do not count: the
 * kernel may have forgotten one between two dumps. `state` is what it remembers.
 */
export function createRepeatCheck(inputs: readonly InputSpan[], state: Telling): (record: TraceRecord) => boolean {
  const { told } = state
  return ({ line, time, cpu, pid, name, payload }) => {
    if (inputs.length === 0) return false
    if (time !== state.now) told.clear()
    state.now = time
    const key = `${cpu} ${pid} ${name} ${payload}`
    const telling = told.get(key) ?? { byInput: new Map<number, number>(), most: 0 }
    told.set(key, telling)
    const input = inputAt(inputs, line)
    const times = (telling.byInput.get(input) ?? 0) + 1
    telling.byInput.set(input, times)
    if (times <= telling.most) return true
    telling.most = times
    return false
  }
}

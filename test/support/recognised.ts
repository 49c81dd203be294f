import { type Act, emptyAct } from '../../src/domain/act.ts'
import { createRecogniser, type Recogniser } from '../../src/domain/recognise/recognise.ts'
import type { UserRecogniser } from '../../src/domain/recognise/user-recogniser.ts'
import type { TraceRecord } from '../../src/domain/record.ts'

/** What one event means: the act without its empty fields, or null. A recogniser may be used for many. */
export function recognised(
  name: string,
  payload: string,
  own: readonly UserRecogniser[] | Recogniser = [],
): Partial<Act> | null {
  const act = emptyAct()
  const record: TraceRecord = { seq: 0, line: 1, time: 0n, cpu: 0, pid: 1, tgid: -1, comm: 'x', name, payload }
  const recogniser = 'recognise' in own ? own : createRecogniser(own)
  if (!recogniser.recognise(record, act)) return null
  return Object.fromEntries(
    Object.entries(act).filter(([, value]) => value !== null && value !== false),
  ) as Partial<Act>
}

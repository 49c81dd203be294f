/** Which events a capture holds, by what they mean: the evidence that rules can rest on. */
import type Database from 'better-sqlite3'
import { type Act, emptyAct, type Point } from '../../domain/act.ts'
import type { ActType } from '../../domain/act-type.ts'
import { EVIDENCE_NAMES, type EvidenceName, evidenceKind } from '../../domain/evidence/kinds.ts'
import { createRecogniser } from '../../domain/recognise/recognise.ts'
import { type TraceRecord, UNKNOWN } from '../../domain/record.ts'
import { textOf } from '../../log/line-text.ts'
import { readCapture, readStrings } from '../../log/read-log.ts'

/** Events of one name that mean the same. */
export interface SeenEvent {
  name: string
  type: ActType
  /** The probed function; null for native events. */
  fn: string | null
  point: Point
  count: number
  /** Fields that any of them showed, of those that evidence may ask for. */
  fields: ReadonlySet<keyof Act>
}

export interface Survey {
  events: SeenEvent[]
  /** Events that say which process the thread is of. */
  withTgid: number
  /** Native events that print a hash instead of the attachment's address. */
  hashed: number
  has(name: EvidenceName): boolean
}

const ASKED_FOR = [...new Set(EVIDENCE_NAMES.flatMap((name) => evidenceKind(name).fields ?? []))]

export function surveyCapture(sqlite: Database.Database, capture: number): Survey {
  const strings = readStrings(sqlite, capture)
  const recogniser = createRecogniser()
  const act = emptyAct()
  const seen = new Map<string, SeenEvent & { fields: Set<keyof Act> }>()
  let withTgid = 0
  let hashed = 0
  for (const { batch } of readCapture(sqlite, capture)) {
    for (let i = 0; i < batch.count; i++) {
      if (batch.tgid[i] !== UNKNOWN) withTgid++
      const name = strings[batch.name[i]!]!
      const payload = textOf(batch.bytes, batch.payloadStart[i]!, batch.payloadEnd[i]!)
      if (!recogniser.recognise(record(name, payload), act) || act.type === 'marker') continue
      if (act.attachHashed !== null && !act.attachHashed.startsWith('0xffff')) hashed++
      const key = `${name} ${act.type} ${act.fn} ${act.point}`
      let event = seen.get(key)
      if (!event) {
        event = { name, type: act.type, fn: act.fn, point: act.point, count: 0, fields: new Set() }
        seen.set(key, event)
      }
      event.count++
      for (const field of ASKED_FOR) if (act[field] !== null) event.fields.add(field)
    }
  }
  const events = [...seen.values()]
  return { events, withTgid, hashed, has: (kind) => events.some((event) => isEvidence(event, kind)) }
}

export function isEvidence({ name, type, fields }: SeenEvent, kind: EvidenceName): boolean {
  const wanted = evidenceKind(kind)
  if (wanted.names?.includes(name)) return true
  return wanted.types.includes(type) && (wanted.fields?.some((field) => fields.has(field)) ?? true)
}

function record(name: string, payload: string): TraceRecord {
  return { seq: 0, line: 0, time: 0n, cpu: 0, pid: 0, tgid: UNKNOWN, comm: '', name, payload }
}

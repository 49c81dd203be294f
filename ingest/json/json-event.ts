import { type LineHead, Scan } from '../line-head.ts'
import { ExactNumber, type ExactValue, exactInteger } from './exact-json.ts'
import { fieldsPayload } from './fields-payload.ts'

const MAX_TIME = 2n ** 63n - 1n
const MAX_INT32 = 2n ** 31n - 1n
const SECONDS = /^(\d{1,10})(?:\.(\d{1,9}))?$/

/** Fills `head` from one event object; `ticks`: its times are of a clock that counts no nanoseconds. Its schema: docs/layouts.md. */
export function readJsonEvent(object: { [key: string]: ExactValue }, ticks: boolean, head: LineHead): number {
  const name = text(object.event ?? object.name)
  if (name === null || name === undefined || name === '') return Scan.noEvent
  const time = timeOf(object)
  if (time === null) return Scan.noStamp
  const [cpu, pid, tgid] = [int32(object.cpu), int32(object.pid), int32(object.tgid)]
  const [comm, group, data] = [text(object.comm), text(object.group), payload(object)]
  if (cpu === null || pid === null || tgid === null) return Scan.badField
  if (comm === null || group === null || data === null) return Scan.badField
  head.cpu = cpu
  head.pid = pid
  head.tgid = tgid
  head.timeHigh = Number(time >> 32n)
  head.timeLow = Number(BigInt.asIntN(32, time))
  head.ticks = ticks ? 1 : 0
  head.givenName = -1
  head.commStart = comm === undefined ? -1 : 0
  head.commBytes = comm === undefined ? null : Buffer.from(comm)
  head.nameBytes = Buffer.from(group === undefined || group === '' ? name : `${group}:${name}`)
  head.payloadBytes = Buffer.from(data)
  head.commEnd = head.nameStart = head.nameEnd = head.payloadStart = head.payloadEnd = 0
  head.flagsStart = head.flagsEnd = 0
  return Scan.event
}

/** Undefined where it is absent or null, null where it is no string. */
function text(value: ExactValue | undefined): string | null | undefined {
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' ? value : null
}

/** -1 where it is absent or null, null where it does not fit. */
function int32(value: ExactValue | undefined): number | null {
  if (value === undefined || value === null) return -1
  const integer = exactInteger(value)
  return integer !== null && integer >= -1n && integer <= MAX_INT32 ? Number(integer) : null
}

function timeOf({ ts_ns, ts }: { [key: string]: ExactValue }): bigint | null {
  if (ts_ns !== undefined && ts_ns !== null) {
    const time = exactInteger(ts_ns)
    return time !== null && time >= 0n && time <= MAX_TIME ? time : null
  }
  const seconds = ts instanceof ExactNumber ? ts.source : ts
  const match = typeof seconds === 'string' ? SECONDS.exec(seconds) : null
  if (!match) return null
  const time = BigInt(match[1]!) * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'))
  return time <= MAX_TIME ? time : null
}

function payload({ data, fields }: { [key: string]: ExactValue }): string | null {
  if (fields === undefined || fields === null) return text(data) === undefined ? '' : text(data)!
  if (typeof fields !== 'object' || Array.isArray(fields) || fields instanceof ExactNumber) return null
  return data === undefined || data === null ? fieldsPayload(fields) : null
}

import { LF } from '../ascii.ts'
import { type LineHead, Scan } from '../line-head.ts'

/** When the lines of a snapshot were taken: the time that was given, or else only their order. */
export interface SnapshotClock {
  /** Nanoseconds of the trace's clock; null where nobody said. */
  at: bigint | null
  /** 1-based number of the line being read. */
  line: number
}

/** A field of a payload that is put together; null ones are left out, texts stand in quotes as probes print them. */
export type SnapshotField = readonly [key: string, value: bigint | number | string | null]

/** Puts `text` into quotes, for a field whose value is a name. */
export function quoted(text: string | null): string | null {
  return text === null ? null : `"${text}"`
}

/** `ino=80 size=4096 exp_name="system"`, as bytes; names keep theirs. */
export function payloadOf(fields: readonly SnapshotField[]): Buffer {
  const given = fields.filter(([, value]) => value !== null)
  return Buffer.from(given.map(([key, value]) => `${key}=${value}`).join(' '), 'latin1')
}

/** Makes `head` an event of the snapshot, whose line begins at `p`: no task, no CPU, all of its payload put together. */
export function tellSnapshot(
  head: LineHead,
  p: number,
  clock: SnapshotClock,
  name: Buffer,
  payload: Buffer,
  pid = -1,
): number {
  const time = clock.at ?? BigInt(clock.line)
  head.timeLow = Number(BigInt.asIntN(32, time))
  head.timeHigh = Number(BigInt.asIntN(32, time >> 32n))
  head.ticks = clock.at === null ? 1 : 0
  head.commStart = head.cpu = head.givenName = head.payloadEnd = -1
  head.pid = head.tgid = pid
  head.flagsStart = head.flagsEnd = 0
  head.payloadStart = p
  head.nameBytes = name
  head.payloadBytes = payload
  return Scan.event
}

/** The line at `p` without its terminator, a character a byte. */
export function lineText(b: Uint8Array, p: number): string {
  const end = b.indexOf(LF, p)
  const line = Buffer.from(b.buffer, b.byteOffset + p, end - p).toString('latin1')
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

/** What a shell, `watch` or a loop prints around snapshots: prompts, commands, dates, complaints about files that went. */
const AROUND =
  /^\s*$|^#|^\S*[#$] .*\b(?:buf|fd)info\b|^Every \d+(?:\.\d+)?s: |^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b.*\d:\d\d:\d\d|^(?:cat|grep|head|tail|\w*sh): /

/** Whether the line stands around a snapshot and not in it. */
export function isAround(line: string): boolean {
  return AROUND.test(line)
}

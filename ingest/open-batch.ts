import type { Note, RecordBatch } from '../src/domain/record.ts'

/** A batch while it is filled: bytes are appended at `filled`, the parser reads whole lines from `scanned` on. */
export interface OpenBatch {
  /** One byte longer than it may be filled, so that a line feed can always stand behind the last byte. */
  bytes: Buffer
  /** The same memory, four bytes at a time. */
  words: Int32Array
  filled: number
  scanned: number
  lineCount: number
  count: number
  lineStart: Uint32Array
  lineKind: Uint8Array
  line: Uint32Array
  time: BigInt64Array
  /** `time` as pairs of 32-bit words, least significant first. */
  timeWords: Int32Array
  cpu: Int32Array
  pid: Int32Array
  tgid: Int32Array
  comm: Uint32Array
  name: Uint32Array
  payloadStart: Uint32Array
  payloadEnd: Uint32Array
  notes: Note[]
  /** Payloads spelled otherwise than in their lines, to stand behind the lines: the event's index, and its bytes in pieces. */
  respelled: { event: number; payload: Buffer[] }[]
}

export function createOpenBatch(lines: number, byteCapacity: number): OpenBatch {
  const time = new BigInt64Array(lines)
  const words = Math.ceil((byteCapacity + 1) / 4)
  const bytes = Buffer.allocUnsafeSlow(4 * words)
  return {
    bytes,
    words: new Int32Array(bytes.buffer, 0, words),
    filled: 0,
    scanned: 0,
    lineCount: 0,
    count: 0,
    lineStart: new Uint32Array(lines + 1),
    lineKind: new Uint8Array(lines),
    line: new Uint32Array(lines),
    time,
    timeWords: new Int32Array(time.buffer),
    cpu: new Int32Array(lines),
    pid: new Int32Array(lines),
    tgid: new Int32Array(lines),
    comm: new Uint32Array(lines),
    name: new Uint32Array(lines),
    payloadStart: new Uint32Array(lines),
    payloadEnd: new Uint32Array(lines),
    notes: [],
    respelled: [],
  }
}

/** Makes a batch empty, to be filled again. */
export function clearOpenBatch(batch: OpenBatch): void {
  batch.filled = 0
  batch.scanned = 0
  batch.lineCount = 0
  batch.count = 0
  batch.notes = []
  batch.respelled = []
}

/** Gives the batch's last event, just read, another payload than the one in its line. */
export function respell(batch: OpenBatch, event: number, payload: Buffer): void {
  batch.respelled.push({ event, payload: [payload] })
}

/** Puts more behind the payload of the batch's last event; in pieces, since there may be any number of them. */
export function lengthen(batch: OpenBatch, event: number, rest: Buffer): void {
  const { bytes, payloadStart, payloadEnd, respelled } = batch
  const last = respelled.at(-1)
  if (last?.event === event) last.payload.push(rest)
  else respelled.push({ event, payload: [bytes.subarray(payloadStart[event], payloadEnd[event]), rest] })
}

/** The whole lines of `open` as a batch; shares its memory, unless payloads have to be put behind the lines. */
export function toRecordBatch(open: OpenBatch, firstLine: number, firstString: number, strings: string[]): RecordBatch {
  const { lineCount, count, line, time, cpu, pid, tgid, comm, name, payloadStart, payloadEnd, notes } = open
  return {
    bytes: withRespelled(open),
    firstLine,
    lineCount,
    lineStart: open.lineStart.subarray(0, lineCount + 1),
    lineKind: open.lineKind.subarray(0, lineCount),
    count,
    line,
    time,
    cpu,
    pid,
    tgid,
    comm,
    name,
    payloadStart,
    payloadEnd,
    firstString,
    strings,
    notes,
  }
}

function withRespelled({ bytes, scanned, respelled, payloadStart, payloadEnd }: OpenBatch): Buffer {
  const lines = bytes.subarray(0, scanned)
  if (respelled.length === 0) return lines
  let at = scanned
  for (const { event, payload } of respelled) {
    payloadStart[event] = at
    for (const piece of payload) at += piece.length
    payloadEnd[event] = at
  }
  return Buffer.concat([lines, ...respelled.flatMap(({ payload }) => payload)])
}

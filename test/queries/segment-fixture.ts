/** Segments as the log stores them, made from events written down by hand. */
import { ACT_TYPES, type ActType } from '../../src/domain/act-type.ts'
import { LineKind, type RecordBatch } from '../../src/domain/record.ts'
import { packColumnsSync } from '../../src/log/segment-codec.ts'
import { zstdSync } from '../../src/log/zstd.ts'
import { packMeaningSync } from '../../src/projection/meaning-codec.ts'

export interface WrittenEvent {
  time: bigint
  cpu?: number
  comm: string
  pid?: number
  tgid?: number
  name: string
  /** Text, or bytes that are none. */
  payload: string | Buffer
  type?: ActType
  buffer?: number
  attachment?: number
  device?: number
}

type Row = Record<string, string | number | bigint | Buffer | null>

/** Rows of `segment`, `meaning` and `string` for consecutive segments of one capture; each begins with a header line. */
export function writtenSegments(capture: number, firstPosition: number, parts: WrittenEvent[][]) {
  const strings: string[] = []
  const rows: { segment: Row[]; meaning: Row[]; string: Row[] } = { segment: [], meaning: [], string: [] }
  let firstSeq = 0
  let firstLine = 1
  let firstByte = 0
  for (const [number, events] of parts.entries()) {
    const batch = toBatch(events, firstLine, strings)
    const times = events.map(({ time }) => time).sort((a, b) => (a < b ? -1 : 1))
    rows.segment.push({
      first_position: firstPosition + firstSeq,
      capture,
      number,
      first_seq: firstSeq,
      events: batch.count,
      first_line: firstLine,
      lines: batch.lineCount,
      first_byte: firstByte,
      bytes: batch.bytes.length,
      first_ns: times[0]!,
      last_ns: times.at(-1)!,
      notes: '[]',
      columns: packColumnsSync(batch),
      text: zstdSync(batch.bytes),
      checksum: '',
    })
    const ids = (key: 'buffer' | 'attachment' | 'device') => Int32Array.from(events, (event) => event[key] ?? -1)
    const meaning = {
      firstSeq,
      count: events.length,
      type: Uint8Array.from(events, ({ type }) => ACT_TYPES.indexOf(type ?? 'other')),
      buffer: ids('buffer'),
      attachment: ids('attachment'),
      device: ids('device'),
    }
    rows.meaning.push({ capture, first_seq: firstSeq, events: events.length, columns: packMeaningSync(meaning) })
    firstSeq += batch.count
    firstLine += batch.lineCount
    firstByte += batch.bytes.length
  }
  rows.string = strings.map((text, id) => ({ capture, id, text }))
  return rows
}

function toBatch(events: WrittenEvent[], firstLine: number, strings: string[]): RecordBatch {
  const firstString = strings.length
  const idOf = (text: string) => {
    const known = strings.indexOf(text)
    return known >= 0 ? known : strings.push(text) - 1
  }
  const heads = events.map(({ comm, name }) => Buffer.from(`${comm}: ${name}: `))
  const payloads = events.map(({ payload }) => Buffer.from(payload as string))
  const lines = [
    Buffer.from('# header\n'),
    ...heads.map((head, i) => Buffer.concat([head, payloads[i]!, Buffer.from('\n')])),
  ]
  const lineStart = new Uint32Array(lines.length + 1)
  for (const [i, line] of lines.entries()) lineStart[i + 1] = lineStart[i]! + line.length
  const payloadStart = Uint32Array.from(heads, (head, i) => lineStart[i + 1]! + head.length)
  const batch = {
    bytes: Buffer.concat(lines),
    firstLine,
    lineCount: lines.length,
    lineStart,
    lineKind: Uint8Array.from(lines, (_, i) => (i === 0 ? LineKind.structural : LineKind.event)),
    count: events.length,
    line: Uint32Array.from(events, (_, i) => i + 1),
    time: BigInt64Array.from(events, ({ time }) => time),
    cpu: Int32Array.from(events, ({ cpu }) => cpu ?? -1),
    pid: Int32Array.from(events, ({ pid }) => pid ?? -1),
    tgid: Int32Array.from(events, ({ tgid }) => tgid ?? -1),
    comm: Uint32Array.from(events, ({ comm }) => idOf(comm)),
    name: Uint32Array.from(events, ({ name }) => idOf(name)),
    payloadStart,
    payloadEnd: payloadStart.map((start, i) => start + payloads[i]!.length),
    notes: [],
  }
  return { ...batch, firstString, strings: strings.slice(firstString) }
}

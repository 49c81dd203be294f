/** Batches without a parser: enough of kernel text for tests of the log to stand alone. */
import { LineKind, type Note, type RecordBatch, UNKNOWN } from '../../src/domain/record.ts'

const LINE = /^ *(.+)-(\d+) +(?:\( *(\d+|-+)\) )?\[(\d+)\] \S+ +(\d+)\.(\d+): ([^:\n]+): ([^\n]*)/

export interface FakeReader {
  batches(text: Buffer): Generator<RecordBatch>
  state(): unknown
}

/** Cuts `text` into batches of `batchLines`; `state` is what it needs to go on with the rest of the text. */
export function fakeReader(batchLines: number, resume?: unknown): FakeReader {
  const saved = (resume ?? { strings: [], lines: 0 }) as { strings: string[]; lines: number }
  const ids = new Map(saved.strings.map((text, id) => [text, id]))
  let lines = saved.lines
  return {
    state: () => ({ strings: [...ids.keys()], lines }),
    *batches(text) {
      let from = 0
      while (from < text.length) {
        let to = from
        for (let n = 0; n < batchLines && to < text.length; n++) to = text.indexOf(10, to) + 1 || text.length + 1
        const batch = makeBatch(text.subarray(from, Math.min(to, text.length)), lines + 1, ids)
        lines += batch.lineCount
        from = to
        yield batch
      }
    },
  }
}

export function makeBatch(bytes: Buffer, firstLine = 1, ids = new Map<string, number>()): RecordBatch {
  const starts: number[] = []
  for (let at = 0; at < bytes.length; at = bytes.indexOf(10, at) + 1 || bytes.length) starts.push(at)
  const lineCount = starts.length
  const firstString = ids.size
  const id = (text: string) => {
    if (!ids.has(text)) ids.set(text, ids.size)
    return ids.get(text)!
  }
  const lineKind = new Uint8Array(lineCount)
  const events: {
    line: number
    time: bigint
    cpu: number
    pid: number
    tgid: number
    comm: number
    name: number
    start: number
    end: number
  }[] = []
  const notes: Note[] = []
  for (const [line, start] of starts.entries()) {
    const text = bytes.toString('latin1', start, starts[line + 1] ?? bytes.length)
    const lost = /^CPU:(\d+) \[LOST (\d+) EVENTS\]/.exec(text)
    if (lost)
      notes.push({
        kind: 'lost',
        line: firstLine + line,
        cpu: Number(lost[1]),
        lost: BigInt(lost[2]!),
        beforeEvent: events.length,
      })
    const match = LINE.exec(text)
    if (!match) {
      lineKind[line] = text.startsWith('#') || text === '\n' || lost ? LineKind.structural : LineKind.malformed
      continue
    }
    lineKind[line] = LineKind.event
    const [whole, comm, pid, tgid, cpu, seconds, fraction, name, payload] = match as unknown as string[]
    const end = start + whole!.length
    events.push({
      line,
      time: BigInt(seconds!) * 1_000_000_000n + BigInt(fraction!.padEnd(9, '0')),
      cpu: Number(cpu),
      pid: Number(pid),
      tgid: tgid && !tgid.startsWith('-') ? Number(tgid) : UNKNOWN,
      comm: id(comm!),
      name: id(name!),
      start: end - payload!.length,
      end,
    })
  }
  return {
    bytes,
    firstLine,
    lineCount,
    lineStart: Uint32Array.from([...starts, bytes.length]),
    lineKind,
    count: events.length,
    line: Uint32Array.from(events, (e) => e.line),
    time: BigInt64Array.from(events, (e) => e.time),
    cpu: Int32Array.from(events, (e) => e.cpu),
    pid: Int32Array.from(events, (e) => e.pid),
    tgid: Int32Array.from(events, (e) => e.tgid),
    comm: Uint32Array.from(events, (e) => e.comm),
    name: Uint32Array.from(events, (e) => e.name),
    payloadStart: Uint32Array.from(events, (e) => e.start),
    payloadEnd: Uint32Array.from(events, (e) => e.end),
    firstString,
    strings: [...ids.keys()].slice(firstString),
    notes,
  }
}

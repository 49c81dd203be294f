import { readFileSync } from 'node:fs'
import type { CaptureFacts } from '../../ingest/capture-facts.ts'
import { type ReadOptions, readBatches } from '../../ingest/read-batches.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import type { ParserOptions } from '../../ingest/trace-parser-state.ts'
import { LineKind, type Note, type RecordBatch } from '../../src/domain/record.ts'

export const LAYOUTS_DIR = new URL('../fixtures/layouts/', import.meta.url)

/** Everything that came of an input, in a form that two readings can be compared by. */
export interface Whole {
  facts: CaptureFacts
  batches: RecordBatch[]
  events: string[]
  notes: Note[]
  kinds: number[]
}

export function fixture(name: string): Buffer {
  return readFileSync(new URL(name, LAYOUTS_DIR))
}

/** `size` bytes a chunk; all chunks share one piece of memory, as a source's may. */
export function* chunksOf(content: Buffer, size: number): Generator<Buffer> {
  const chunk = Buffer.alloc(size)
  for (let at = 0; at < content.length; at += size) {
    const length = content.copy(chunk, 0, at, at + size)
    yield chunk.subarray(0, length)
  }
}

export async function readWhole(
  content: Buffer,
  options: ParserOptions & ReadOptions & { chunk?: number } = {},
): Promise<Whole> {
  const parser = createTraceParser(options)
  const strings: string[] = [...(options.resume?.strings ?? [])]
  const whole: Whole = { facts: parser.facts(), batches: [], events: [], notes: [], kinds: [] }
  const small = { batchBytes: 64 * 1024, maxLine: 16 * 1024, keepOfOverlong: 256, batchLines: 2000, ...options }
  for await (const batch of readBatches(chunksOf(content, options.chunk ?? 4096), parser, small)) {
    if (strings.length !== batch.firstString) throw new Error('the dictionary has a hole')
    strings.push(...batch.strings)
    whole.batches.push(batch)
    whole.events.push(...describeEvents(batch, strings))
    whole.notes.push(...batch.notes)
    whole.kinds.push(...batch.lineKind)
  }
  whole.facts = parser.facts()
  return whole
}

export function describeEvents(batch: RecordBatch, strings: readonly string[]): string[] {
  return Array.from({ length: batch.count }, (_, i) => {
    const payload = batch.bytes.toString('latin1', batch.payloadStart[i], batch.payloadEnd[i])
    const line = batch.firstLine + batch.line[i]!
    const task = `${strings[batch.comm[i]!]}-${batch.pid[i]} (${batch.tgid[i]}) [${batch.cpu[i]}]`
    return `${line}: ${task} ${batch.time[i]} ${strings[batch.name[i]!]}: ${payload}`
  })
}

export function countKind(whole: Whole, kind: LineKind): number {
  return whole.kinds.filter((k) => k === kind).length
}

export function sumsHold({ facts, kinds }: Whole): boolean {
  const of = (kind: LineKind) => kinds.filter((k) => k === kind).length
  return (
    facts.lines === kinds.length &&
    facts.lines === facts.events + facts.ignored + facts.malformed + facts.structural &&
    facts.events === of(LineKind.event) &&
    facts.ignored === of(LineKind.ignored) &&
    facts.malformed === of(LineKind.malformed)
  )
}

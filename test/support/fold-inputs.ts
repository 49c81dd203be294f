import type { Format } from '../../ingest/layout.ts'
import { readBatches } from '../../ingest/read-batches.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import type { Note, RecordBatch } from '../../src/domain/record.ts'
import type { InputSpan } from '../../src/log/read-inputs.ts'
import { batchesFor, type Folded, foldBatches } from './fold-file.ts'
import type { TraceLine } from './lines.ts'

export interface Input {
  format: Format
  text: string
}

/** Folds several inputs as one capture in the order of their times, as `ingest --merge` does, without a database. */
export async function foldInputs(
  inputs: readonly Input[],
  at: bigint | null,
): Promise<{ folded: Folded; names: string[] }> {
  const parser = createTraceParser({ format: inputs[0]!.format, at })
  const batches: RecordBatch[] = []
  for (const [number, { format, text }] of inputs.entries()) {
    parser.beginInput({ number, name: `input ${number}`, format, offset: '0' })
    for await (const batch of readBatches([Buffer.from(text, 'latin1')], parser, batchesFor(text.length)))
      batches.push(batch)
  }
  const sorted = sortEvents(batches)
  const strings = batches.flatMap((batch) => batch.strings)
  const options = { ticks: parser.facts().ticks ?? false, sorted: true, inputs: spansOf(batches), options: {} }
  const folded = foldBatches([sorted], options)
  return { folded, names: [...sorted.name].map((id) => strings[id]!) }
}

/** From when to when each input reaches, by the lines that its events stand in. */
function spansOf(batches: readonly RecordBatch[]): InputSpan[] {
  const spans = batches.flatMap(({ notes }) =>
    notes.flatMap((note): InputSpan[] =>
      note.kind === 'input' ? [{ line: note.line, input: note.input, first: null, last: null }] : [],
    ),
  )
  for (const batch of batches)
    for (let i = 0; i < batch.count; i++) {
      const span = spans.findLast(({ line }) => line <= batch.firstLine + batch.line[i]! - 1)!
      const time = batch.time[i]!
      if (span.first === null || time < span.first) span.first = time
      if (span.last === null || time > span.last) span.last = time
    }
  return spans
}

/** All events as one batch, in the order of time; where times are equal, in that of the lines. */
function sortEvents(batches: readonly RecordBatch[]): RecordBatch {
  const offsets = batches.map((_, k) => batches.slice(0, k).reduce((sum, { bytes }) => sum + bytes.length, 0))
  const before = batches.map((_, k) => batches.slice(0, k).reduce((sum, { count }) => sum + count, 0))
  const events = batches.flatMap((batch, k) =>
    Array.from({ length: batch.count }, (_, i) => ({
      batch,
      i,
      seq: before[k]! + i,
      offset: offsets[k]!,
      time: batch.time[i]!,
    })),
  )
  const order = [...events].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
  const column = (key: 'cpu' | 'pid' | 'tgid' | 'comm' | 'name') => order.map(({ batch, i }) => batch[key][i]!)
  // As the log reads them back: a note stands before the event that follows it in the lines.
  const notes = batches.flatMap((batch, k): Note[] =>
    batch.notes.map((note) => {
      const next = order.findIndex(({ seq }) => seq === before[k]! + note.beforeEvent)
      return { ...note, beforeEvent: next < 0 ? order.length : next }
    }),
  )
  return {
    ...batches[0]!,
    bytes: Buffer.concat(batches.map(({ bytes }) => bytes)),
    count: order.length,
    line: Uint32Array.from(order, ({ batch, i }) => batch.firstLine + batch.line[i]! - 1),
    time: BigInt64Array.from(order, ({ time }) => time),
    cpu: Int32Array.from(column('cpu')),
    pid: Int32Array.from(column('pid')),
    tgid: Int32Array.from(column('tgid')),
    comm: Uint32Array.from(column('comm')),
    name: Uint32Array.from(column('name')),
    payloadStart: Uint32Array.from(order, ({ batch, i, offset }) => offset + batch.payloadStart[i]!),
    payloadEnd: Uint32Array.from(order, ({ batch, i, offset }) => offset + batch.payloadEnd[i]!),
    firstString: 0,
    strings: batches.flatMap(({ strings }) => strings),
    notes: notes.sort((a, b) => a.beforeEvent - b.beforeEvent),
  }
}

/** Folds what a trace was taken apart into. */
export async function foldApart(
  parts: readonly (readonly TraceLine[])[],
  format: Format = 'ftrace-text',
): Promise<Folded> {
  const inputs = parts.map((lines) => ({ format, text: `${lines.map(({ text }) => text).join('\n')}\n` }))
  return (await foldInputs(inputs, null)).folded
}

import { decodeText } from '../decode-text.ts'
import { readBatches } from '../read-batches.ts'
import { createTraceParser } from '../trace-parser.ts'
import type { ParserOptions } from '../trace-parser-state.ts'
import type { ToldLine } from './anchors.ts'

export interface ToldEvent extends ToldLine {
  /** 1-based, in its input. */
  line: number
  name: string
}

/** Every event of an input with its text, made into strings: for passes that look for something before the ingest. */
export async function* readEvents(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  options: ParserOptions,
): AsyncGenerator<ToldEvent> {
  const parser = createTraceParser(options)
  const strings: string[] = []
  for await (const batch of readBatches(chunks, parser, { recycle: true })) {
    strings.push(...batch.strings)
    for (let i = 0; i < batch.count; i++) {
      const text = decodeText(batch.bytes.subarray(batch.payloadStart[i], batch.payloadEnd[i])).trimEnd()
      yield { name: strings[batch.name[i]!]!, time: batch.time[i]!, line: batch.firstLine + batch.line[i]!, text }
    }
  }
}

/** The lines of the kernel log that an input tells: its own, or those that the `printk:console` tracepoint saw. */
export async function* readKernelLog(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  options: ParserOptions,
): AsyncGenerator<ToldEvent> {
  const others = { ignore: (name: string) => name !== 'console' && name !== 'printk:console' }
  yield* readEvents(chunks, { ...options, ...others })
}

import { readBatches } from '../../ingest/read-batches.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import type { ParserOptions } from '../../ingest/trace-parser-state.ts'
import type { RecordBatch } from '../../src/domain/record.ts'

export interface Sizes {
  batchLines?: number
  batchBytes?: number
  maxLine?: number
}

export interface Parsed {
  /** Valid until the next one is asked for. */
  batch: RecordBatch
  /** Whether the clock of the trace counts in no known unit. */
  ticks: boolean
}

/** The records of a trace, batch after batch. */
export async function* parsed(text: Buffer, parsing: ParserOptions, sizes: Sizes): AsyncGenerator<Parsed> {
  const parser = createTraceParser(parsing)
  for await (const batch of readBatches([text], parser, { ...sizes, recycle: true }))
    yield { batch, ticks: parser.facts().ticks ?? false }
}

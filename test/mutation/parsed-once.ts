/**
 * Stands in for test/support/parsed.ts in the bundle: no mutant is in the parsers, so that a trace gives the same records for
 * each of them. The fold does not write to records.
 */
import { type ReadOptions, readBatches } from '../../ingest/read-batches.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import type { ParserOptions } from '../../ingest/trace-parser-state.ts'
import type { Parsed, Sizes } from '../support/parsed.ts'

/** Survives that the bundle is evaluated anew. */
const shared = globalThis as { parsedOnce?: Map<string, Parsed[]> }
shared.parsedOnce ??= new Map()
const known = shared.parsedOnce

export async function* parsed(text: Buffer, parsing: ParserOptions, sizes: Sizes): AsyncGenerator<Parsed> {
  // Thousands of batches of a line each are not worth keeping.
  if (sizes.batchLines === 1) return yield* anew(text, parsing, { ...sizes, recycle: true })
  const key = `${JSON.stringify([parsing, sizes])}${text.toString('latin1')}`
  let all = known.get(key)
  if (!all) {
    all = []
    for await (const one of anew(text, parsing, sizes)) all.push(one)
    known.set(key, all)
  }
  yield* all
}

async function* anew(text: Buffer, parsing: ParserOptions, sizes: ReadOptions): AsyncGenerator<Parsed> {
  const parser = createTraceParser(parsing)
  for await (const batch of readBatches([text], parser, sizes)) yield { batch, ticks: parser.facts().ticks ?? false }
}

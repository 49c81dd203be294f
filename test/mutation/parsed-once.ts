/**
 * Stands in for test/support/parsed.ts in the bundle: no mutant is in the parsers, so that a trace gives the same records for
 * each of them. The fold does not write to records.
 */
import { readBatches } from '../../ingest/read-batches.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import type { ParserOptions } from '../../ingest/trace-parser-state.ts'
import type { Parsed, Sizes } from '../support/parsed.ts'

/** Survives that the bundle is evaluated anew. */
const shared = globalThis as { parsedOnce?: Map<string, Parsed[]> }
shared.parsedOnce ??= new Map()
const known = shared.parsedOnce

export async function* parsed(text: Buffer, parsing: ParserOptions, sizes: Sizes): AsyncGenerator<Parsed> {
  const key = `${JSON.stringify([parsing, sizes])}${text.toString('latin1')}`
  let all = known.get(key)
  if (!all) {
    all = []
    const parser = createTraceParser(parsing)
    for await (const batch of readBatches([text], parser, sizes))
      all.push({ batch, ticks: parser.facts().ticks ?? false })
    known.set(key, all)
  }
  yield* all
}

/** Why the events of a trace amount to no tier of evidence: there are none about dma-buf, or none that can be told. */
import type Database from 'better-sqlite3'
import { LAYOUTS } from '../../../ingest/layout.ts'
import type { Capture } from '../../log/captures.ts'
import { eventsAt, listSegments } from '../../log/read-log.ts'

export type WithoutTier = 'nothing' | 'snapshot' | 'addresses'

/** By what stands behind `evidence:` in the summary. */
export const EVIDENCE_WORDS: Record<WithoutTier, string> = {
  nothing: 'nothing about dma-buf',
  snapshot: 'a list of buffers, no events',
  addresses: 'probes without the names of their functions',
}

/** What cannot be proven for it, and what to do. */
export const LIMIT_WORDS: Record<WithoutTier, string> = {
  nothing: 'no event about dma-buf or its mappings: docs/recording.md says what to record',
  snapshot: 'a list shows what there was, not what happened: give it with a trace, --merge and --at',
  addresses:
    "the probes' functions are printed as addresses, so what they mean is not known: ingest the text of tracefs, or name them as docs/recording.md does",
}

/** Probes come early in a recording that has any. */
const LOOKED_AT = 1000

/** What a probe's payload begins with where no symbols are known: `(ffffffff94b7e914 <- ffffffff94b8634b)`. */
const ADDRESSES = /^\((?:0x)?[0-9a-f]{8,16}(?: <- (?:0x)?[0-9a-f]{8,16})?\)/

export function withoutTier(sqlite: Database.Database, { capture, format }: Capture): WithoutTier {
  const layouts: Partial<Record<string, { takesTime?: true }>> = LAYOUTS
  if (format?.split('+').every((layout) => layouts[layout]?.takesTime)) return 'snapshot'
  const [first] = listSegments(sqlite, { capture }).filter(({ events }) => events > 0)
  if (first === undefined) return 'nothing'
  const positions = Array.from({ length: Math.min(first.events, LOOKED_AT) }, (_, i) => first.firstPosition + i)
  return eventsAt(sqlite, positions).some(({ payload }) => ADDRESSES.test(payload)) ? 'addresses' : 'nothing'
}

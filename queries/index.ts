/** All named queries, in the order in which they are listed. The command line, HTTP and the docs read this list. */
import { attachments } from './attachments.ts'
import { buffers } from './buffers.ts'
import { captures } from './captures.ts'
import { events } from './events.ts'
import { findings } from './findings.ts'
import { gaps } from './gaps.ts'
import { importers } from './importers.ts'
import { mappings } from './mappings.ts'
import { matrix } from './matrix.ts'
import type { Query } from './query.ts'
import { resets } from './resets.ts'
import { revocations } from './revocations.ts'

export const QUERIES: readonly Query[] = [
  captures,
  events,
  findings,
  buffers,
  importers,
  attachments,
  mappings,
  revocations,
  resets,
  gaps,
  matrix,
]

export function findQuery(name: string): Query | undefined {
  return QUERIES.find((query) => query.name === name)
}

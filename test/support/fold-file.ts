import { readFileSync } from 'node:fs'
import { createKernelTextParser } from '../../ingest/kernel-text-parser.ts'
import type { Format } from '../../ingest/layout.ts'
import { readBatches } from '../../ingest/read-batches.ts'
import type {
  AttachmentRow,
  BufferRow,
  FindingRow,
  GapRow,
  MappingRow,
  ResetRow,
  RevocationRow,
} from '../../src/domain/read-model.ts'
import { createFold } from '../../src/projection/fold.ts'

/** Everything a fold made of one trace, the last version of each row. */
export interface Folded {
  buffers: BufferRow[]
  attachments: AttachmentRow[]
  mappings: MappingRow[]
  revocations: RevocationRow[]
  resets: ResetRow[]
  gaps: GapRow[]
  findings: FindingRow[]
  events: number
  tier: string | null
}

const SMALL = 256 * 1024

/** Parses and folds trace text in memory, without a database. */
export async function foldText(text: Buffer, options: unknown = {}, format: Format = 'ftrace-text'): Promise<Folded> {
  const parser = createKernelTextParser({ format })
  let fold: ReturnType<typeof createFold> | null = null
  const tables = {
    buffers: new Map<number, BufferRow>(),
    attachments: new Map<number, AttachmentRow>(),
    mappings: new Map<number, MappingRow>(),
    revocations: new Map<number, RevocationRow>(),
    resets: new Map<number, ResetRow>(),
    gaps: new Map<number, GapRow>(),
    findings: new Map<number, FindingRow>(),
  }
  let events = 0
  const keep = (changes: ReturnType<NonNullable<typeof fold>['finish']>): void => {
    for (const name of Object.keys(tables) as (keyof typeof tables)[]) {
      for (const row of changes[name]) (tables[name] as Map<number, unknown>).set(row.id, row)
    }
  }
  // Thousands of small traces are folded by the property tests: no more memory for each than it needs.
  const small = text.length < SMALL ? { batchLines: 8192, batchBytes: SMALL, maxLine: SMALL } : {}
  for await (const batch of readBatches([text], parser, { ...small, recycle: true })) {
    fold ??= createFold({ ticks: parser.facts().ticks ?? false, options })
    keep(fold.feed(batch, events))
    events += batch.count
  }
  fold ??= createFold({ ticks: false, options })
  keep(fold.finish())
  const rows = <T extends { id: number }>(table: Map<number, T>): T[] => [...table.values()].sort((a, b) => a.id - b.id)
  return {
    buffers: rows(tables.buffers),
    attachments: rows(tables.attachments),
    mappings: rows(tables.mappings),
    revocations: rows(tables.revocations),
    resets: rows(tables.resets),
    gaps: rows(tables.gaps),
    findings: rows(tables.findings),
    events,
    tier: fold.tier(),
  }
}

export function foldFile(path: string, options: unknown = {}): Promise<Folded> {
  return foldText(readFileSync(path), options)
}

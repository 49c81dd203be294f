import { readFileSync } from 'node:fs'
import type { ParserOptions } from '../../ingest/trace-parser-state.ts'
import type {
  AttachmentRow,
  BufferRow,
  FindingRow,
  GapRow,
  MappingRow,
  MeaningBatch,
  ResetRow,
  RevocationRow,
} from '../../src/domain/read-model.ts'
import type { RecordBatch } from '../../src/domain/record.ts'
import { createFold, type FoldOptions } from '../../src/projection/fold.ts'
import { parsed, type Sizes } from './parsed.ts'

/** Everything a fold made of one trace, the last version of each row. */
export interface Folded {
  buffers: BufferRow[]
  attachments: AttachmentRow[]
  mappings: MappingRow[]
  revocations: RevocationRow[]
  resets: ResetRow[]
  gaps: GapRow[]
  findings: FindingRow[]
  meanings: Meaning[]
  events: number
  tier: string | null
}

/** What one event turned out to be about; the numbers are those of `MeaningBatch`. */
export interface Meaning {
  seq: number
  type: number
  buffer: number
  attachment: number
  device: number
}

/** Thousands of small traces are folded by the tests: no more memory for each than it needs. */
export function batchesFor(bytes: number) {
  if (bytes < 16 * 1024) return { batchLines: 512, batchBytes: 32 * 1024, maxLine: 32 * 1024 }
  return bytes < 256 * 1024 ? { batchLines: 8192, batchBytes: 256 * 1024, maxLine: 256 * 1024 } : {}
}

/** Parses and folds trace text in memory, without a database. */
export async function foldText(
  text: Buffer,
  options: unknown = {},
  parsing: ParserOptions = {},
  kernel: string | null = null,
): Promise<Folded> {
  return foldIn(batchesFor(text.length), text, options, parsing, kernel)
}

/** As `foldText`, each line a batch of its own: rows are handed over after every one, as for a trace that is followed. */
export function foldLineByLine(text: Buffer, options: unknown = {}, parsing: ParserOptions = {}): Promise<Folded> {
  return foldIn({ batchLines: 1, batchBytes: 16 * 1024, maxLine: 8 * 1024 }, text, options, parsing, null)
}

async function foldIn(
  batches: Sizes,
  text: Buffer,
  options: unknown,
  parsing: ParserOptions,
  kernel: string | null,
): Promise<Folded> {
  let collector: Collector | null = null
  for await (const { batch, ticks } of parsed(text, parsing, batches)) {
    collector ??= collect({ ticks, kernel, options })
    collector.feed(batch)
  }
  return (collector ?? collect({ ticks: false, options })).finish()
}

/** Folds batches that are in the order of time. */
export function foldBatches(batches: readonly RecordBatch[], options: FoldOptions): Folded {
  const collector = collect(options)
  for (const batch of batches) collector.feed(batch)
  return collector.finish()
}

interface Collector {
  feed(batch: RecordBatch): void
  finish(): Folded
}

function collect(options: FoldOptions): Collector {
  const fold = createFold(options)
  const tables = {
    buffers: new Map<number, BufferRow>(),
    attachments: new Map<number, AttachmentRow>(),
    mappings: new Map<number, MappingRow>(),
    revocations: new Map<number, RevocationRow>(),
    resets: new Map<number, ResetRow>(),
    gaps: new Map<number, GapRow>(),
    findings: new Map<number, FindingRow>(),
  }
  const meanings: Meaning[] = []
  let events = 0
  const keep = (changes: ReturnType<typeof fold.finish>): void => {
    if (changes.meaning) meanings.push(...meaningsOf(changes.meaning))
    for (const name of Object.keys(tables) as (keyof typeof tables)[]) {
      for (const row of changes[name]) (tables[name] as Map<number, unknown>).set(row.id, row)
    }
  }
  const rows = <T extends { id: number }>(table: Map<number, T>): T[] => [...table.values()].sort((a, b) => a.id - b.id)
  return {
    feed(batch) {
      keep(fold.feed(batch, events))
      events += batch.count
    },
    finish() {
      keep(fold.finish())
      return {
        buffers: rows(tables.buffers),
        attachments: rows(tables.attachments),
        mappings: rows(tables.mappings),
        revocations: rows(tables.revocations),
        resets: rows(tables.resets),
        gaps: rows(tables.gaps),
        findings: rows(tables.findings),
        meanings,
        events,
        tier: fold.tier(),
      }
    },
  }
}

/** Those of a batch that mean something here. */
function meaningsOf({ firstSeq, count, type, buffer, attachment, device }: MeaningBatch): Meaning[] {
  const all: Meaning[] = []
  for (let i = 0; i < count; i++) {
    if (type[i] === 0) continue
    all.push({ seq: firstSeq + i, type: type[i]!, buffer: buffer[i]!, attachment: attachment[i]!, device: device[i]! })
  }
  return all
}

export function foldFile(path: string, options: unknown = {}): Promise<Folded> {
  return foldText(readFileSync(path), options)
}

/** Traces for these tests, and how they are read: the project's own parser over bytes in memory. */

import { readBatches } from '../../ingest/read-batches.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import type { ParserState } from '../../ingest/trace-parser-state.ts'
import type { LogConnection } from '../../src/log/connection.ts'
import { type Content, HEAD_BYTES } from '../../src/log/content.ts'
import type { BatchReader, IngestRequest, ReaderStart } from '../../src/projection/ingest-request.ts'
import { createFakeFold } from './fake-fold.ts'

export interface TraceShape {
  events: number
  /** Makes every line of it another trace's. */
  seed?: number
  /** Times run backwards once in so many events; 0 is never. */
  backwards?: number
}

export function traceText({ events, seed = 0, backwards = 0 }: TraceShape): Buffer {
  const lines = [`# tracer: nop\n#\n# entries-in-buffer/entries-written: ${events}/${events + 7}   #P:4\n`]
  for (let i = 0; i < events; i++) {
    if (i % 97 === 50) lines.push(`CPU:${i % 4} [LOST ${i} EVENTS]\n`)
    const late = backwards > 0 && i % backwards === backwards - 1 ? 40 : 0
    const us = 10_000_000 + (i - late) * 13 + seed
    const time = `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}`
    const task = `task ${(i + seed) % 23}`.padStart(16)
    const name = i % 3 === 0 ? 'map' : i % 41 === 7 ? 'bad' : 'dma_fence_emit'
    lines.push(
      `${task}-${String(100 + (i % 17)).padEnd(7)} [00${i % 4}] ..... ${time.padStart(12)}: ${name}: ino=${i} seed=${seed} é\n`,
    )
  }
  return Buffer.from(lines.join(''))
}

export function contentOf(text: Buffer, name = 'trace', seekable = true): Content {
  return {
    name,
    head: text.subarray(0, HEAD_BYTES),
    seekable,
    async *open(from) {
      for (let at = from; at < text.length; at += 5000) yield text.subarray(at, at + 5000)
    },
  }
}

export function kernelReader(batchLines: number): (start: ReaderStart) => BatchReader {
  return ({ bytes, resume, onBytes }) => {
    const parser = createTraceParser(
      resume ? { resume: { state: resume.state as ParserState, strings: resume.strings } } : {},
    )
    return {
      batches: readBatches(bytes, parser, { batchLines, onBytes, recycle: true }),
      state: () => parser.state(),
      facts: () => ({ format: 'ftrace-text', clock: null, ticks: false, host: null, bootId: null, kernel: null }),
    }
  }
}

export function requestFor(db: LogConnection, text: Buffer, more: Partial<IngestRequest> = {}): IngestRequest {
  return {
    db,
    content: contentOf(text),
    options: {},
    read: kernelReader(100),
    createFold: createFakeFold,
    version: 'fake',
    ...more,
  }
}

const TABLES = 'capture string segment checkpoint device meaning buffer attachment mapping revocation reset gap finding'

/** All content, blobs and all. `writer` names a process and is left out. */
export function dump(db: LogConnection, tables = TABLES): Record<string, unknown[]> {
  return Object.fromEntries(
    tables.split(' ').map((table) => {
      const rows = db.sqlite.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).safeIntegers().all() as Record<
        string,
        unknown
      >[]
      return [table, rows.map((row) => ('writer' in row ? { ...row, writer: null } : row))]
    }),
  )
}

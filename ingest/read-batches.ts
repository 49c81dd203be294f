import { createHash, type Hash } from 'node:crypto'
import type { RecordBatch } from '../src/domain/record.ts'
import { LF } from './ascii.ts'
import { clearOpenBatch, createOpenBatch, type OpenBatch } from './open-batch.ts'
import type { TraceParser } from './trace-parser-state.ts'

export interface ReadOptions {
  /** Lines a batch holds at most. Default 65,536. */
  batchLines?: number
  /** Bytes a batch holds at most; a longer line starts a batch of its own. Default 16 MiB. */
  batchBytes?: number
  /** A longer line is malformed and not kept whole. Default 1 MiB. */
  maxLine?: number
  /** How much of an overlong line is kept. Default 64 KiB. */
  keepOfOverlong?: number
  /** Bytes at the start that were parsed before: given to `onBytes` only. */
  skipBytes?: number
  /** Called when `skipBytes` bytes have passed. */
  onSkipped?: () => void
  /** A batch is then only valid until the next one is asked for: its memory is used again. Saves time and memory. */
  recycle?: boolean
  /** Sees every byte of the input in order; when a batch is yielded, exactly the bytes up to its end. */
  onBytes?: (bytes: Buffer) => void
  /** Asked when the input has ended: why it ended too early, or null where it did not. */
  cut?: () => string | null
}

/** A source that waits for more gives this instead of a chunk: the whole lines so far are to be handed over now. */
export const FLUSH: Buffer = Buffer.alloc(0)

/**
 * Cuts `source` into batches of whole lines. Where a batch ends is decided by the content, and by `FLUSH`, never by the size of
 * the chunks; chunks may be reused by the source once the next one is asked for. Memory stays bounded whatever the input.
 */
export async function* readBatches(
  source: AsyncIterable<Buffer> | Iterable<Buffer>,
  parser: TraceParser,
  options: ReadOptions = {},
): AsyncGenerator<RecordBatch, void, void> {
  const { batchLines = 65_536, onBytes, onSkipped } = options
  const maxLine = options.maxLine ?? 1024 * 1024
  const keep = Math.min(options.keepOfOverlong ?? 64 * 1024, maxLine)
  const capacity = Math.max(options.batchBytes ?? 16 * 1024 * 1024, maxLine + 1)
  let toSkip = options.skipBytes ?? 0
  let batch = createOpenBatch(batchLines, capacity)
  let spare: OpenBatch | null = null
  /** Bytes before this were given to `onBytes`. */
  let seen = 0
  let overlong = null as { hash: Hash; length: number } | null

  function close(): RecordBatch {
    if (onBytes && batch.scanned > seen) onBytes(batch.bytes.subarray(seen, batch.scanned))
    const closed = parser.close(batch)
    const next = spare ?? createOpenBatch(batchLines, capacity)
    clearOpenBatch(next)
    next.filled = batch.bytes.copy(next.bytes, 0, batch.scanned, batch.filled)
    spare = options.recycle ? batch : null
    batch = next
    seen = 0
    return closed
  }

  function beginOverlong(): void {
    const { bytes, scanned, filled } = batch
    const found = bytes.subarray(scanned, filled).indexOf(LF)
    const lineEnd = found < 0 ? filled : scanned + found
    if (onBytes) onBytes(bytes.subarray(seen, lineEnd))
    overlong = { hash: createHash('sha256').update(bytes.subarray(scanned, lineEnd)), length: lineEnd - scanned }
    bytes.copyWithin(scanned + keep, lineEnd, filled)
    batch.filled = scanned + keep + filled - lineEnd
    seen = scanned + keep
  }

  /** Ends the overlong line, whose kept beginning is followed by its line feed or by the end of the input. */
  function endOverlong(terminator: number): void {
    const { hash, length } = overlong!
    parser.addOverlong(batch, batch.scanned + keep + terminator, length, keep, hash.digest('hex'))
    overlong = null
  }

  for await (const piece of source) {
    // A line too long to be kept has been hashed in part: the batch before it waits for its end.
    if (piece === FLUSH && batch.lineCount > 0 && !overlong) yield close()
    let chunk = piece
    if (toSkip > 0) {
      const skipped = chunk.subarray(0, toSkip)
      onBytes?.(skipped)
      toSkip -= skipped.length
      if (toSkip === 0) onSkipped?.()
      chunk = chunk.subarray(skipped.length)
    }
    while (chunk.length > 0) {
      if (overlong) {
        const found = chunk.indexOf(LF)
        const part = found < 0 ? chunk : chunk.subarray(0, found)
        onBytes?.(part)
        overlong.hash.update(part)
        overlong.length += part.length
        if (found < 0) break
        chunk = chunk.subarray(found)
      }
      const taken = append(batch, chunk, capacity)
      chunk = chunk.subarray(taken)
      for (;;) {
        if (overlong) {
          if (batch.bytes[batch.scanned + keep] !== LF || batch.filled === batch.scanned + keep) break
          endOverlong(1)
        }
        const state = parser.scan(batch, batchLines, maxLine)
        if (state === 'overlong') beginOverlong()
        else if (state === 'full' || batch.filled === capacity) yield close()
        else break
      }
    }
  }
  if (overlong) endOverlong(0)
  while (batch.filled > batch.scanned) {
    if (batch.lineCount === batchLines) yield close()
    parser.scanLast(batch)
  }
  if (batch.lineCount === 0) return
  parser.finish(batch)
  const why = options.cut?.() ?? null
  if (why !== null) noteCut(batch, parser.facts().lines, why)
  yield close()
}

/** In place of the parser's own note where the last line, too, tells of it. */
function noteCut(batch: OpenBatch, line: number, why: string): void {
  if (batch.notes.at(-1)?.kind === 'cut') batch.notes.pop()
  batch.notes.push({ kind: 'cut', line, beforeEvent: batch.count, why })
}

function append(batch: OpenBatch, chunk: Buffer, capacity: number): number {
  const taken = chunk.copy(batch.bytes, batch.filled, 0, Math.min(chunk.length, capacity - batch.filled))
  batch.filled += taken
  return taken
}

import type { RecordBatch } from '../domain/record.ts'
import { checksumOf, type PackedBatch } from '../log/append.ts'
import { summarise } from '../log/batch-summary.ts'
import { packColumns } from '../log/segment-codec.ts'
import { zstd } from '../log/zstd.ts'

type Rest = Pick<PackedBatch, 'prefixDigest' | 'headDigest' | 'parser' | 'facts'>

/**
 * Packs batches on the thread pool, one at a time. What it needs of a batch it has taken when the call returns its
 * promise, so that the reader may use the batch's memory for the next one meanwhile.
 */
export function createBatchPacker(): (batch: RecordBatch, rest: Rest) => Promise<PackedBatch> {
  let copy = Buffer.alloc(0)
  return async (batch, rest) => {
    if (copy.length < batch.bytes.length) copy = Buffer.allocUnsafeSlow(batch.bytes.length)
    const length = batch.bytes.copy(copy)
    const packing = Promise.all([zstd(copy.subarray(0, length)), packColumns(batch)])
    const summary = summarise(batch)
    const [text, columns] = await packing
    return { ...rest, summary, text, columns, checksum: checksumOf(text, columns) }
  }
}

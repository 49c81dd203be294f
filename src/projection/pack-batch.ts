import type { RecordBatch } from '../domain/record.ts'
import { checksumOf, type PackedBatch } from '../log/append.ts'
import { packColumns } from '../log/segment-codec.ts'
import { zstd } from '../log/zstd.ts'

/** Packs a batch on the thread pool. The batch must not change until it is done. */
export async function packBatch(
  batch: RecordBatch,
  rest: Pick<PackedBatch, 'prefixDigest' | 'parser' | 'facts'>,
): Promise<PackedBatch> {
  const [text, columns] = await Promise.all([zstd(batch.bytes), packColumns(batch)])
  return { ...rest, batch, text, columns, checksum: checksumOf(text, columns) }
}

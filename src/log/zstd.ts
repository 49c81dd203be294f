import { promisify } from 'node:util'
import { zstdCompress as compressCallback, constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** Level 1: 400 MB/s for kernel text here; level 3 takes twice the time for a tenth less. */
const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 }
const compress = promisify(compressCallback)

/** Zlib grows its answer chunk by chunk and joins the chunks: one chunk that holds everything saves the copies. */
const chunkFor = (bytes: number) => Math.max(1024, Math.min(bytes, 64 * 1024 * 1024))

/** Compresses on the thread pool; `raw` must not change until it is done. */
export async function zstd(raw: Uint8Array): Promise<Buffer> {
  return await compress(raw, { params, chunkSize: chunkFor(raw.byteLength >> 2) })
}

export function zstdSync(raw: Uint8Array): Buffer {
  return zstdCompressSync(raw, { params, chunkSize: chunkFor(raw.byteLength >> 2) })
}

/** `length` is what the frame is known to hold; a frame that holds anything else is damaged, and throws. */
export function unzstd(stored: Uint8Array, length?: number): Buffer {
  const raw = zstdDecompressSync(
    stored,
    length === undefined ? {} : { chunkSize: chunkFor(length), maxOutputLength: Math.max(1, length) },
  )
  if (length !== undefined && raw.length !== length)
    throw new RangeError(`a frame of ${raw.length} bytes where ${length} were stored`)
  return raw
}

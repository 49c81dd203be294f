import { type FileHandle, open } from 'node:fs/promises'

const CHUNK_BYTES = 1024 * 1024

/** A file's bytes from `from` on. */
export async function* fileChunks(path: string, from: number): AsyncGenerator<Buffer> {
  const file = await open(path, 'r')
  try {
    yield* chunksOf(file, from)
  } finally {
    await file.close()
  }
}

/** The bytes of an open file. Reads on the thread pool, so that an interrupt is heard; into one buffer, which each chunk uses again. */
export async function* chunksOf(file: FileHandle, from: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  for (let at = from; ; ) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, at)
    if (bytesRead === 0) return
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

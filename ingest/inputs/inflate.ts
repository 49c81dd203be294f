import type { InflateRaw, ZstdDecompress } from 'node:zlib'
import type { ByteReader } from './byte-reader.ts'

type Engine = InflateRaw | ZstdDecompress

/** As much of the input is handed to zlib at once: where it is damaged is told no closer than that. */
export const PIECE_BYTES = 8 * 1024
/** What zlib unpacks at once. */
export const UNPACKED_BYTES = 256 * 1024
const NONE = Buffer.alloc(0)

/**
 * Unpacks what `engine` takes from `reader` and leaves the bytes behind its end there. Returns false where the input
 * ends first: all that could be unpacked was given by then. Throws zlib's error, with the
 * reader before the damage. A few chunks are held, however much
 * a byte of input unpacks to.
 */
export async function* inflate(engine: Engine, reader: ByteReader): AsyncGenerator<Buffer, boolean> {
  let failure: Error | null = null
  let over = false
  let wake = () => {}
  engine.on('error', (error) => {
    failure = error
    wake()
  })
  engine.on('readable', () => wake())
  engine.on('end', () => {
    over = true
    wake()
  })
  try {
    for (;;) {
      const chunk = await reader.chunk()
      const piece = chunk?.subarray(0, PIECE_BYTES) ?? null
      const before = engine.bytesWritten
      let taken = false
      if (piece === null) engine.end()
      else
        engine.write(piece, () => {
          taken = true
          wake()
        })
      for (;;) {
        const unpacked: Buffer | null = engine.read()
        if (unpacked !== null) {
          yield unpacked
          continue
        }
        if (failure !== null) {
          if (piece === null && (failure as NodeJS.ErrnoException).code === 'Z_BUF_ERROR') return false
          reader.unread(chunk?.subarray(engine.bytesWritten - before) ?? NONE)
          throw failure
        }
        if (piece === null ? over : taken) break
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      if (piece === null || chunk === null) return true
      const consumed = engine.bytesWritten - before
      reader.unread(chunk.subarray(consumed))
      if (consumed < piece.length) return true
    }
  } finally {
    engine.destroy()
  }
}

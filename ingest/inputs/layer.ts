import { HEAD_BYTES } from '../detect-layout.ts'
import { type ByteReader, createByteReader } from './byte-reader.ts'
import { createEnding, type Ending, type Found, NOTHING_FOUND } from './input.ts'

/** Bytes as they lie there, or as they come out of what they were packed in: what an input is made of. */
export interface Layer {
  head: Buffer
  size: number | null
  /** Whether `open` can be called more than once, and at any place. */
  seekable: boolean
  open(from: number): AsyncIterable<Buffer>
  /** The path where these very bytes are a regular file. */
  file: string | null
  ending: Ending
  found: Found
  close(): Promise<void>
}

export interface LayerStart {
  open(from: number): AsyncIterable<Buffer>
  seekable: boolean
  ending?: Ending
  found?: Found
}

/** Reads the head of what `open` gives. The reading that was begun for it is the first one. */
export async function createLayer(start: LayerStart): Promise<Layer> {
  let begun: ByteReader | null = createByteReader(start.open(0))
  const close = async () => {
    const reader = begun
    begun = null
    await reader?.close()
  }
  let head: Buffer
  try {
    head = await begun.take(HEAD_BYTES)
  } catch (error) {
    await close()
    throw error
  }
  return {
    head,
    size: null,
    seekable: start.seekable,
    open(from) {
      if (from > 0 || begun === null) return start.open(from)
      const reader = begun
      begun = null
      return goOn(head, reader)
    },
    file: null,
    ending: start.ending ?? createEnding(),
    found: start.found ?? NOTHING_FOUND,
    close,
  }
}

async function* goOn(head: Buffer, reader: ByteReader): AsyncGenerator<Buffer> {
  try {
    if (head.length > 0) yield head
    for (;;) {
      const chunk = await reader.chunk()
      if (chunk === null) return
      yield chunk
    }
  } finally {
    await reader.close()
  }
}

/** All but the first `count` bytes. */
export async function* dropBytes(chunks: AsyncIterable<Buffer>, count: number): AsyncGenerator<Buffer> {
  let left = count
  for await (const chunk of chunks) {
    const dropped = Math.min(left, chunk.length)
    left -= dropped
    if (dropped < chunk.length) yield chunk.subarray(dropped)
  }
}

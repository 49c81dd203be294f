/** Bytes of a stream, taken by number or by the chunk as they come. */
export interface ByteReader {
  /** Bytes taken so far. */
  readonly position: number
  /** Whatever comes next, to be used until the next call; null at the end. */
  chunk(): Promise<Buffer | null>
  /** Gives the end of the last chunk back. */
  unread(rest: Buffer): void
  /** A copy of the next `count` bytes; fewer at the end. */
  take(count: number): Promise<Buffer>
  /** The same, and they stay to be taken. */
  peek(count: number): Promise<Buffer>
  /** Lets go of the stream. */
  close(): Promise<void>
}

export function createByteReader(source: AsyncIterable<Buffer>): ByteReader {
  const chunks = source[Symbol.asyncIterator]()
  /** To be read before the next chunk is asked for, since that may use the same memory. */
  const pending: Buffer[] = []
  let position = 0

  async function chunk(): Promise<Buffer | null> {
    for (;;) {
      const next = pending.shift() ?? (await fromSource())
      if (next === null) return null
      if (next.length === 0) continue
      position += next.length
      return next
    }
  }

  async function fromSource(): Promise<Buffer | null> {
    const { value, done } = await chunks.next()
    return done ? null : value
  }

  function unread(bytes: Buffer): void {
    if (bytes.length === 0) return
    pending.unshift(bytes)
    position -= bytes.length
  }

  async function take(count: number): Promise<Buffer> {
    const taken = Buffer.allocUnsafe(count)
    let filled = 0
    while (filled < count) {
      const next = await chunk()
      if (next === null) break
      const copied = next.copy(taken, filled)
      filled += copied
      unread(next.subarray(copied))
    }
    return taken.subarray(0, filled)
  }

  return {
    get position() {
      return position
    },
    chunk,
    unread,
    take,
    async peek(count) {
      const taken = await take(count)
      unread(taken)
      return taken
    },
    async close() {
      await chunks.return?.()
    },
  }
}

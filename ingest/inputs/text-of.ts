const KEPT_BYTES = 1024 * 1024

/** What a program prints, as text; of very long prints the beginning. */
export async function textOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const chunk of chunks) {
    pieces.push(chunk)
    length += chunk.length
    if (length >= KEPT_BYTES) break
  }
  return Buffer.concat(pieces).toString('latin1')
}

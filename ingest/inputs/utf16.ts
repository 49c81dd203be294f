/** UTF-16 text with a byte order mark as UTF-8 without one; what is no UTF-16 becomes U+FFFD. */
export async function* decodeUtf16(
  encoding: 'utf-16le' | 'utf-16be',
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding)
  for await (const chunk of chunks) yield Buffer.from(decoder.decode(chunk, { stream: true }))
  yield Buffer.from(decoder.decode())
}

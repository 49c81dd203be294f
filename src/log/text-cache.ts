import type { Segment } from './segments.ts'

/** The texts used last, up to `limit` bytes of them and always the last one. */
export function createTextCache(limit: number, read: (segment: Segment) => Buffer): (segment: Segment) => Buffer {
  const texts = new Map<number, Buffer>()
  let held = 0
  return (segment) => {
    const known = texts.get(segment.segment)
    if (known) {
      texts.delete(segment.segment)
      texts.set(segment.segment, known)
      return known
    }
    const text = read(segment)
    texts.set(segment.segment, text)
    held += text.length
    for (const [oldest, other] of texts) {
      if (held <= limit || other === text) break
      texts.delete(oldest)
      held -= other.length
    }
    return text
  }
}

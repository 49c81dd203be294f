import { LF } from './ascii.ts'

const FEEDS = 0x0a0a0a0a
const ONES = 0x01010101
const TOPS = 0x80808080 | 0

/**
 * Position of the next line feed from `q` on; there has to be one. `words` is the same memory as `b`, four bytes at a
 * time: `(x - 1) & ~x & 0x80` is set in a byte that is zero, here one that held a line feed.
 */
export function nextLineFeed(b: Uint8Array, words: Int32Array, q: number): number {
  while ((q & 3) !== 0) {
    if (b[q] === LF) return q
    q++
  }
  let i = q >> 2
  for (;;) {
    const x = words[i]! ^ FEEDS
    if (((x - ONES) & ~x & TOPS) !== 0) break
    i++
  }
  q = i << 2
  while (b[q] !== LF) q++
  return q
}

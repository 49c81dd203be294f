import { createHash } from 'node:crypto'
import { type Content, HEAD_BYTES } from '../log/content.ts'

/** What names a content until all of it was read: its first 64 KiB, or what there is of them in one that is followed. */
export interface Head {
  /** Takes the content's bytes in order. */
  add(bytes: Buffer): void
  /** SHA-256 of it. */
  digest(): string
}

/** `known` is the digest of `content.head`; so many bytes were committed before. */
export function createHead({ head, follow }: Content, known: string, committed: number): Head {
  if (follow === undefined || head.length >= HEAD_BYTES) return { add() {}, digest: () => known }
  const hash = createHash('sha256').update(head.subarray(0, committed))
  let taken = Math.min(committed, HEAD_BYTES)
  return {
    add(bytes) {
      if (taken === HEAD_BYTES) return
      const part = bytes.subarray(0, HEAD_BYTES - taken)
      hash.update(part)
      taken += part.length
    },
    digest: () => hash.copy().digest('hex'),
  }
}

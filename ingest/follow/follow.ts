import { FLUSH } from '../read-batches.ts'
import { type FollowEnd, sleep, type Tap } from './tap.ts'

export interface FollowOptions {
  /** Ends it: with what has come so far. */
  signal?: AbortSignal
  /** Ends it when nothing came for so many milliseconds. */
  idleMs?: number
  /** Milliseconds between two `FLUSH` at least, and the longest that bytes wait for theirs. */
  paceMs?: number
  /**
   * For an input that can be gone on with later: on `signal` this is aborted, once the last `FLUSH` was taken, and no
   * end of the chunks comes. Their end would say that a last line without a line feed is whole.
   */
  leave?: AbortController
  onEnd?(end: FollowEnd): void
}

/** Every commit costs a sync of the disk and a segment; this bounds both, and how late a line is seen. */
const PACE_MS = 50
/** The longest wait for more, and so the longest that a rotation goes unnoticed. */
const LONGEST_WAIT_MS = 1000

/**
 * The bytes of an input that grows, with a `FLUSH` as soon as nothing more is there, and in a stream that never pauses
 * every `paceMs`. Reads no further than it is asked to: memory stays bounded where the consumer is slower than the writer.
 */
export async function* follow(tap: Tap, options: FollowOptions = {}): AsyncGenerator<Buffer, void, void> {
  const { signal, idleMs = Number.POSITIVE_INFINITY, paceMs = PACE_MS, leave, onEnd } = options
  let grown = performance.now()
  let flushed = Number.NEGATIVE_INFINITY
  /** When the first bytes behind the last `FLUSH` came. */
  let since: number | null = null
  for (;;) {
    const got = signal?.aborted ? 'interrupted' : await tap.next()
    if (typeof got === 'string') {
      onEnd?.(got)
      if (got === 'interrupted' && leave) {
        yield FLUSH
        leave.abort()
        return await new Promise<never>(() => {})
      }
      const rest = got === 'interrupted' ? tap.rest() : null
      if (rest) yield rest
      return
    }
    if (got !== null) {
      yield got
      grown = performance.now()
      since ??= grown
    }
    const now = performance.now()
    if (since !== null && now - (got === null ? flushed : Math.max(flushed, since)) >= paceMs) {
      yield FLUSH
      flushed = performance.now()
      since = null
    } else if (got === null) {
      const left = grown + idleMs - now
      if (left <= 0) {
        onEnd?.('idle')
        return
      }
      // While bytes wait for their flush, more of them need no waking up.
      if (since !== null) await sleep(flushed + paceMs - now, signal)
      else await tap.wake(Math.min(left, LONGEST_WAIT_MS), signal)
    }
  }
}

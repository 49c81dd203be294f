import type { Readable } from 'node:stream'
import { sleep, type Tap } from './tap.ts'

/** A stream, such as standard input. What it fails with is thrown by `next`. */
export function createStreamTap(stream: Readable): Tap {
  let ended = false
  let failure: Error | null = null
  let wake = () => {}
  stream.on('readable', () => wake())
  stream.on('end', () => {
    ended = true
    wake()
  })
  stream.on('error', (error) => {
    failure = error
    wake()
  })
  const read = () => stream.read() as Buffer | null
  return {
    async next() {
      const got = read()
      if (got !== null) return got
      if (failure) throw failure
      return ended ? 'closed' : null
    },
    wake: (ms, signal) =>
      sleep(ended || failure || stream.readableLength > 0 ? 0 : ms, signal, (listener) => {
        wake = listener
      }),
    rest: read,
    async close() {
      stream.destroy()
    },
  }
}

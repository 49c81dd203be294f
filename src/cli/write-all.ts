import { setImmediate as turn } from 'node:timers/promises'
import type { Io } from './command.ts'

/** Writes every piece to stdout at the pace of its reader; stops quietly when the reader goes away or on an interrupt. */
export async function writeAll(pieces: Iterable<string | Uint8Array>, { stdout, signal }: Io): Promise<void> {
  for (const piece of pieces) {
    if (!stdout.write(piece)) await drained(stdout)
    // A turn of the event loop: signals and write errors arrive only there.
    await turn()
    if (stdout.destroyed || stdout.errored || signal.aborted) return
  }
}

function drained(stream: Io['stdout']): Promise<void> {
  return new Promise((resolve) => {
    const events = ['drain', 'close', 'error']
    const done = () => {
      for (const event of events) stream.off(event, done)
      resolve()
    }
    for (const event of events) stream.on(event, done)
  })
}

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { watchChanges } from './file-tap.ts'
import { sleep, type Tap } from './tap.ts'

const CHUNK_BYTES = 256 * 1024
/** `trace_pipe` tells nobody of changes: fs/notify sees what programs write, not what the kernel does. */
const POLL_MS = 20

/**
 * A pipe with a name, or `trace_pipe`, read without blocking: a thread that waits in read(2) could not be called off, and
 * would take what comes next with it (kernel/trace/trace.c `tracing_wait_pipe()` gives EAGAIN instead of waiting).
 * A pipe that nobody has written to yet is not at its end. Throws as `fs.open` does.
 */
export async function openPipeTap(path: string): Promise<Tap> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  const changes = watchChanges(path)
  let begun = false
  return {
    async next() {
      changes.clear()
      try {
        const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null)
        if (bytesRead === 0) return begun ? 'closed' : null
        begun = true
        return buffer.subarray(0, bytesRead)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return null
        throw error
      }
    },
    wake: (ms, signal) => sleep(changes.seen() ? 0 : Math.min(ms, POLL_MS), signal, changes.onChange),
    rest: () => null,
    async close() {
      changes.close()
      await file.close()
    },
  }
}

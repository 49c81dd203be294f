import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { HEAD_BYTES } from './detect-layout.ts'
import { type Refusal, refuse } from './refusal.ts'

/** An input that can be read once, from its beginning. */
export interface Source {
  kind: 'source'
  /** File name without its folders, or `stdin`. */
  name: string
  /** Bytes, where the input is a regular file. */
  size: number | null
  /** Its first bytes, at most `HEAD_BYTES`: for `detectLayout`. */
  head: Buffer
  /** All of it, `head` included. A chunk's memory is used again for the next one. */
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>
  /** Gives the file back where it was not read to its end. */
  close(): void
}

const CHUNK_BYTES = 512 * 1024

/**
 * Opens a file, or the standard input for `-`. What cannot be read is a refusal, never an exception.
 * `streamed` is the path of what stands in for the standard input, such as a pipe with a name.
 */
export async function openSource(
  path: string,
  stdin: AsyncIterable<Buffer> = process.stdin,
  streamed: string | null = null,
): Promise<Source | Refusal> {
  return path === '-' ? openStream(stdin, streamed) : openFile(path)
}

function openFile(path: string): Source | Refusal {
  let open = false
  let fd = -1
  const close = () => {
    if (open) closeSync(fd)
    open = false
  }
  try {
    fd = openSync(path, 'r')
    open = true
    const stat = fstatSync(fd)
    if (stat.isDirectory()) {
      close()
      return refuse('directory', `${path} is a directory.`, 'Give the trace files in it, one by one.')
    }
    const first = Buffer.allocUnsafeSlow(HEAD_BYTES)
    const head = first.subarray(0, readFully(fd, first))
    const chunks = fileChunks(fd, head, close)
    return { kind: 'source', name: basename(path), size: stat.isFile() ? stat.size : null, head, chunks, close }
  } catch (error) {
    close()
    return refuseFile(path, error as NodeJS.ErrnoException)
  }
}

/** A file that cannot be opened or read, in words. */
export function refuseFile(path: string, error: NodeJS.ErrnoException): Refusal {
  if (error.code === 'ENOENT')
    return refuse('missing', `There is no file ${path}.`, 'Check the path; - reads standard input.')
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return refuse(
      'unreadable',
      `${path} may not be read by this user.`,
      'tracefs belongs to root: copy the trace as root, then read the copy.',
    )
  }
  return refuse(
    'unreadable',
    `${path} cannot be read: ${error.message}.`,
    'Check the file and its disk, then try again.',
  )
}

function readFully(fd: number, into: Buffer): number {
  let filled = 0
  while (filled < into.length) {
    const n = readSync(fd, into, filled, into.length - filled, null)
    if (n === 0) break
    filled += n
  }
  return filled
}

function* fileChunks(fd: number, head: Buffer, close: () => void): Generator<Buffer> {
  try {
    if (head.length > 0) yield head
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    for (;;) {
      const n = readSync(fd, chunk, 0, chunk.length, null)
      if (n === 0) return
      yield chunk.subarray(0, n)
    }
  } finally {
    close()
  }
}

async function openStream(stream: AsyncIterable<Buffer>, path: string | null): Promise<Source | Refusal> {
  const rest = stream[Symbol.asyncIterator]()
  const first: Buffer[] = []
  let length = 0
  try {
    while (length < HEAD_BYTES) {
      const { value, done } = await rest.next()
      if (done) break
      first.push(value)
      length += value.length
    }
  } catch (error) {
    if (path !== null) return refuseFile(path, error as NodeJS.ErrnoException)
    return refuse(
      'unreadable',
      `Standard input cannot be read: ${(error as Error).message}.`,
      'Check the command before the pipe.',
    )
  }
  const head = Buffer.concat(first)
  async function* chunks(): AsyncGenerator<Buffer> {
    if (head.length > 0) yield head
    yield* { [Symbol.asyncIterator]: () => rest }
  }
  const close = () => void rest.return?.()
  return { kind: 'source', name: 'stdin', size: null, head: head.subarray(0, HEAD_BYTES), chunks: chunks(), close }
}

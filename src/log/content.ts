import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LogError } from './errors.ts'

/** How much of a content names it until all of it was read. */
export const HEAD_BYTES = 64 * 1024

/** What is to be ingested: decompressed bytes, of a file or of a stream that passes once. */
export interface Content {
  /** As the capture is called; a file's base name, or `-`. */
  name: string
  /** The first 64 KiB, or all of it where it is shorter. */
  head: Buffer
  /** Whether `open` can be called again, and at any place. */
  seekable: boolean
  /** The bytes from `from` on; a stream that passes once begins with its head. A chunk is used until the next one is asked for. */
  open(from: number): AsyncIterable<Buffer>
  /** Where the content still grows: the bytes from `from` on, and those that are still to come; `open` ends where it ends now. */
  follow?(from: number): AsyncIterable<Buffer>
}

export interface Spooled {
  content: Content
  remove(): void
}

/** Puts a stream into a temporary file, for those who have to read it twice. Throws `LogError` `disk-full`. */
export async function spool(content: Content): Promise<Spooled> {
  const folder = mkdtempSync(join(tmpdir(), 'revenant-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const file = join(folder, 'stream')
  try {
    const fd = openSync(file, 'w', 0o600)
    try {
      for await (const chunk of content.open(0)) for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    remove()
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    throw new LogError(
      'disk-full',
      `${folder}: no space to keep the stream while it is compared; set TMPDIR to a larger disk`,
      error,
    )
  }
  const open = (start: number) => createReadStream(file, { start, highWaterMark: 1024 * 1024 })
  return { content: { ...content, seekable: true, open }, remove }
}

import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { inWords } from './errors.ts'

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
  /** The bytes from `from` on; a stream that passes once begins with its head. Chunks must stay as they are. */
  open(from: number): AsyncIterable<Buffer>
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
    await pipeline(Readable.from(content.open(0)), createWriteStream(file))
  } catch (error) {
    remove()
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
      throw inWords(Object.assign(error as Error, { code: 'SQLITE_FULL' }), file)
    throw error
  }
  const open = (start: number) => createReadStream(file, { start, highWaterMark: 1024 * 1024 })
  return { content: { ...content, seekable: true, open }, remove }
}

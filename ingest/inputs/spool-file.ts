import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { refuse } from '../refusal.ts'
import { InputError } from './input.ts'

export interface SpooledFile {
  path: string
  remove(): void
}

/** Puts a stream into a temporary file, for programs that have to move about in it. */
export async function spoolFile(chunks: AsyncIterable<Buffer>): Promise<SpooledFile> {
  const folder = mkdtempSync(join(tmpdir(), 'revenant-'))
  const remove = () => {
    process.off('exit', remove)
    rmSync(folder, { recursive: true, force: true })
  }
  // A second ^C ends the process without unwinding it.
  process.on('exit', remove)
  const path = join(folder, 'input')
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      for await (const chunk of chunks) await file.writeFile(chunk)
    } finally {
      await file.close()
    }
  } catch (error) {
    remove()
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    throw new InputError(
      refuse('unreadable', `There is no space in ${folder} to unpack the input to.`, 'Set TMPDIR to a larger disk.'),
    )
  }
  return { path, remove }
}

import { type Stats, statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { type FileTap, openFileTap } from '../../../ingest/follow/file-tap.ts'
import { openPipeTap } from '../../../ingest/follow/pipe-tap.ts'
import { createStreamTap } from '../../../ingest/follow/stream-tap.ts'
import type { Tap } from '../../../ingest/follow/tap.ts'
import type { Refusal } from '../../../ingest/refusal.ts'
import { refuseFile } from '../../../ingest/sources.ts'
import { UsageError } from '../command.ts'

/** `file` can be read again from any place, `pipe` holds what was not read yet and nothing else. */
export type OpenedTap = { kind: 'file'; tap: FileTap } | { kind: 'pipe'; tap: Tap }

/** include/uapi/linux/magic.h: TRACEFS_MAGIC, DEBUGFS_MAGIC, PROC_SUPER_MAGIC. */
const MADE_WHEN_READ = new Set([0x74726163, 0x64626720, 0x9fa0])

/** Throws `UsageError` for what cannot be followed. */
export async function openTap(path: string, stdin: Readable): Promise<OpenedTap | Refusal> {
  if (path === '-') return { kind: 'pipe', tap: createStreamTap(stdin) }
  try {
    const stat = statSync(path)
    if (stat.isDirectory()) throw new UsageError(`ingest: --follow is for one file, and ${path} is a folder`)
    return (await isPipe(path, stat))
      ? { kind: 'pipe', tap: await openPipeTap(path) }
      : { kind: 'file', tap: await openFileTap(path) }
  } catch (error) {
    if (error instanceof UsageError) throw error
    return refuseFile(path, error as NodeJS.ErrnoException)
  }
}

async function isPipe(path: string, stat: Stats): Promise<boolean> {
  if (stat.isFIFO()) return true
  if (!stat.isFile()) throw new UsageError(`ingest: --follow is for files and pipes, and ${path} is neither`)
  if (!MADE_WHEN_READ.has((await statfs(path)).type)) return false
  if (basename(path) === 'trace_pipe') return true
  throw new UsageError(`ingest: ${path} is made anew whenever it is read: follow the trace_pipe beside it`)
}

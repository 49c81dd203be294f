import { type FSWatcher, watch } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { chunksOf } from '../inputs/file-chunks.ts'
import { type FollowEnd, sleep, type Tap } from './tap.ts'

/** A regular file that others write to. */
export interface FileTap extends Tap {
  /** Goes on at this byte. */
  seek(to: number): Promise<void>
  /** The bytes from `from` on, up to where the file ends now; `next` goes on where it was. */
  snapshot(from: number): AsyncGenerator<Buffer>
}

const CHUNK_BYTES = 1024 * 1024
/** For file systems that tell nobody of changes, such as network ones. */
const POLL_MS = 50
/** As long as whoever renamed the file may go on writing to it: it is read until it has been quiet for this long. */
const ROTATED_QUIET_MS = 250
/** As long as another file may take to get the name. */
const REMOVED_QUIET_MS = 2000
/** So many bytes before the place where reading goes on are looked at again when the file has grown: lines have time stamps. */
const TAIL_BYTES = 256

/** Opens `path` at its beginning. Throws as `fs.open` does. */
export async function openFileTap(path: string): Promise<FileTap> {
  const file = await open(path, 'r')
  const { ino, dev } = await file.stat()
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  let position = 0
  let tail = Buffer.alloc(0)
  let caughtUp = true
  let end: FollowEnd | null = null
  let nameless: number | null = null
  const changes = watchChanges(path)

  async function next(): Promise<Buffer | FollowEnd | null> {
    if (end !== null) return end
    changes.clear()
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position)
    if (bytesRead > 0) {
      if (caughtUp && !(await tailIsSame(file, position, tail))) return ended('truncated')
      const got = buffer.subarray(0, bytesRead)
      position += bytesRead
      tail = Buffer.concat([tail, got.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES)
      caughtUp = false
      nameless = null
      return got
    }
    caughtUp = true
    return (await file.stat()).size < position ? ended('truncated') : ended(await gone())
  }

  function ended(reason: FollowEnd | null): FollowEnd | null {
    end = reason
    return end
  }

  async function gone(): Promise<FollowEnd | null> {
    const now = performance.now()
    const named = await identityOf(path)
    if (named === 'unknown' || (named !== null && named.ino === ino && named.dev === dev)) nameless = null
    else nameless ??= now
    if (nameless === null || now - nameless < (named === null ? REMOVED_QUIET_MS : ROTATED_QUIET_MS)) return null
    return named === null ? 'removed' : 'rotated'
  }

  return {
    next,
    wake: (ms, signal) => sleep(changes.seen() ? 0 : Math.min(ms, POLL_MS), signal, changes.onChange),
    rest: () => null,
    async seek(to) {
      position = to
      tail = await bytesBefore(file, to)
      caughtUp = true
    },
    snapshot: (from) => chunksOf(file, from),
    async close() {
      changes.close()
      await file.close()
    },
  }
}

async function bytesBefore(file: FileHandle, position: number): Promise<Buffer<ArrayBuffer>> {
  const tail = Buffer.alloc(Math.min(position, TAIL_BYTES))
  const { bytesRead } = await file.read(tail, 0, tail.length, position - tail.length)
  return tail.subarray(0, bytesRead)
}

async function tailIsSame(file: FileHandle, position: number, tail: Buffer): Promise<boolean> {
  return tail.length === 0 || (await bytesBefore(file, position)).subarray(-tail.length).equals(tail)
}

/** What file has this name; null where none has, `unknown` where that cannot be asked. */
async function identityOf(path: string): Promise<{ ino: number; dev: number } | 'unknown' | null> {
  try {
    return await stat(path)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : 'unknown'
  }
}

interface Changes {
  /** Whether there was one since `clear`. */
  seen(): boolean
  clear(): void
  onChange(wake: () => void): void
  close(): void
}

/** Where the system has no watch left to give, or the file system no changes to tell, polling has to do. */
export function watchChanges(path: string): Changes {
  let seen = false
  let wake = () => {}
  let watcher: FSWatcher | undefined
  try {
    watcher = watch(path, { persistent: false }, () => {
      seen = true
      wake()
    })
    watcher.on('error', () => {})
  } catch {}
  return {
    seen: () => seen,
    clear() {
      seen = false
    },
    onChange(listener) {
      wake = listener
    },
    close: () => watcher?.close(),
  }
}

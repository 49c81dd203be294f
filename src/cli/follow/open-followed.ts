import { basename, dirname } from 'node:path'
import type { FileTap } from '../../../ingest/follow/file-tap.ts'
import { follow } from '../../../ingest/follow/follow.ts'
import type { FollowEnd } from '../../../ingest/follow/tap.ts'
import { readClockBeside } from '../../../ingest/inputs/clock-file.ts'
import { createEnding, NOTHING_FOUND } from '../../../ingest/inputs/input.ts'
import { LAYOUTS } from '../../../ingest/layout.ts'
import { FLUSH } from '../../../ingest/read-batches.ts'
import type { Refusal } from '../../../ingest/refusal.ts'
import { HEAD_BYTES } from '../../log/content.ts'
import { UsageError } from '../command.ts'
import type { CaptureOptions } from '../ingest-options.ts'
import type { OpenedTrace } from '../open-trace.ts'
import { createTraceReader } from '../trace-reader.ts'
import { awaitHead } from './await-head.ts'
import type { OpenedTap } from './open-tap.ts'

export interface FollowedTrace extends OpenedTrace {
  /** Aborted where the ingest is to leave its capture unfinished. */
  signal: AbortSignal
  /** Why following ended; null while it goes on. */
  end(): FollowEnd | null
  /** Lets go of the input, read to its end or not. */
  close(): void
  /** Waits until a file has more than so many bytes; false where it came to an end instead. */
  growsBeyond(bytes: number): Promise<boolean>
}

/** An input that ended, or was taken away, before it showed what it is. */
export interface NothingCame {
  kind: 'nothing'
  end: FollowEnd
  /** What is wrong with what there was; null where it may have become a trace. */
  refusal: Refusal | null
}

export interface FollowLimits {
  signal: AbortSignal
  idleMs: number
}

/** Waits for the first event line of what was opened, which it closes where none comes. Throws `UsageError` for what cannot be followed. */
export async function openFollowed(
  path: string,
  opened: OpenedTap,
  options: CaptureOptions,
  limits: FollowLimits,
): Promise<FollowedTrace | NothingCame | Refusal> {
  const { tap } = opened
  const head = await awaitHead(tap, options.layout, limits)
  const { layout } = head
  // What was taken from a pipe is nowhere else: a header alone is kept, too.
  if (layout.kind === 'refused' || (head.end === 'interrupted' && opened.kind === 'file')) {
    await tap.close()
    if (head.end !== null) return { kind: 'nothing', end: head.end, refusal: layout.kind === 'refused' ? layout : null }
    const refusal = layout as Refusal
    if (refusal.code !== 'compressed') return refusal
    throw new UsageError(`ingest: --follow reads text as it is written, and ${path} is compressed`)
  }
  const leave = new AbortController()
  let end: FollowEnd | null = null
  const onEnd = (reason: FollowEnd) => {
    end = reason
  }
  async function* fromFile(file: FileTap, at: number): AsyncGenerator<Buffer> {
    await file.seek(at)
    yield* follow(file, { ...limits, leave, onEnd })
  }
  async function* fromPipe(): AsyncGenerator<Buffer> {
    yield head.bytes
    yield FLUSH
    yield* follow(tap, { ...limits, onEnd })
  }
  const around = { path, found: NOTHING_FOUND, clockBeside: path === '-' ? null : readClockBeside(dirname(path)) }
  const ending = createEnding()
  return {
    kind: 'trace',
    path,
    format: layout.format,
    takesTime: LAYOUTS[layout.format].takesTime ?? false,
    around,
    ending,
    size: null,
    content: {
      name: path === '-' ? '-' : basename(path),
      head: head.bytes.subarray(0, HEAD_BYTES),
      seekable: opened.kind === 'file',
      open: opened.kind === 'file' ? opened.tap.snapshot : fromPipe,
      follow: opened.kind === 'file' ? (at) => fromFile(opened.tap, at) : fromPipe,
    },
    read: (start) => createTraceReader(start, layout.format, options, { ...around, ending }, layout.begin),
    signal: leave.signal,
    end: () => end,
    async growsBeyond(bytes) {
      if (opened.kind !== 'file') return false
      await opened.tap.seek(bytes)
      for await (const chunk of follow(tap, { ...limits, onEnd })) if (chunk !== FLUSH) return true
      return false
    },
    close: () => void tap.close().catch(() => {}),
  }
}

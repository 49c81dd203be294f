/** A trace file or standard input, opened, its layout known, ready to be ingested. */
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { type DetectedLayout, detectLayout, headReadsAs } from '../../ingest/detect-layout.ts'
import { LAYOUTS, type Format as Layout } from '../../ingest/layout.ts'
import { type Refusal, type RefusalCode, refuse } from '../../ingest/refusal.ts'
import { openSource } from '../../ingest/sources.ts'
import type { Content } from '../log/content.ts'
import type { BatchReader, ReaderStart } from '../projection/ingest-request.ts'
import type { CaptureOptions } from './ingest-options.ts'
import { createTraceReader } from './trace-reader.ts'

export interface OpenedTrace {
  kind: 'trace'
  content: Content
  format: Layout
  /** It is a snapshot, or one of its inputs is: it has the time that is given with `--at`. */
  takesTime: boolean
  /** The clock that a file beside the trace names. */
  clockFile: string | null
  /** Bytes, where that is known before all of it was read. */
  size: number | null
  read(start: ReaderStart): BatchReader
  /** Interrupts its ingest, where another than the process's signal is to do that. */
  signal?: AbortSignal
  /** Lets go of the input, read to its end or not. */
  close(): void
}

const CHUNK_BYTES = 1024 * 1024

/** Opens `path`, or `stdin` for `-`, and looks at its first bytes; nothing else is read yet. */
export async function openTrace(
  path: string,
  options: CaptureOptions,
  stdin: Readable,
): Promise<OpenedTrace | Refusal> {
  const special = path !== '-' && isSpecial(path)
  const stream = path === '-' ? stdin : special ? createReadStream(path) : null
  const source = await openSource(stream ? '-' : path, stream ?? undefined, special ? path : null)
  if (source.kind === 'refused') return source
  const layout = chooseLayout(source.head, options.layout)
  if (layout.kind === 'refused') {
    source.close()
    stream?.destroy()
    return layout
  }
  const seekable = stream === null
  if (seekable) source.close()
  const clockFile = path === '-' ? null : readTraceClock(join(dirname(path), 'trace_clock'))
  return {
    kind: 'trace',
    format: layout.format,
    takesTime: LAYOUTS[layout.format].takesTime ?? false,
    clockFile,
    size: source.size,
    content: {
      name: path === '-' ? '-' : basename(path),
      head: source.head,
      seekable,
      open: seekable ? (from) => fileChunks(path, from) : () => iterate(source.chunks),
    },
    read: (start) => createTraceReader(start, layout.format, options, clockFile),
    close() {
      if (!seekable) source.close()
      stream?.destroy()
    },
  }
}

/** Pipes, devices, and the files of tracefs, which have no size and change while they are read: to be read once. */
function isSpecial(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat !== undefined && !stat.isDirectory() && (!stat.isFile() || (stat.size === 0 && isVirtual(path)))
}

function isVirtual(path: string): boolean {
  return /^\/(?:sys|proc)\//.test(path) || ['trace', 'trace_pipe', 'snapshot'].includes(basename(path))
}

/** What no choice of a layout makes readable. */
export const FINAL: readonly RefusalCode[] = ['empty', 'binary', 'compressed', 'trace-dat', 'perf-data']

export function chooseLayout(head: Buffer, given: Layout | undefined): DetectedLayout | Refusal {
  const detected = detectLayout(head)
  if (given === undefined || (detected.kind === 'refused' && FINAL.includes(detected.code))) return detected
  // A head that no layout fits may be foreign text before a trace; one that another layout fits is a mistake.
  if (detected.kind === 'layout' && detected.format !== given && !headReadsAs(head, given))
    return refuse(
      'not-a-trace',
      `None of its first lines is of the layout ${given}; they are ${detected.format}.`,
      'Leave --layout away.',
    )
  return { kind: 'layout', format: given }
}

/** Reads on the thread pool, so that an interrupt is heard; into one buffer, which each chunk uses again. */
async function* fileChunks(path: string, from: number): AsyncGenerator<Buffer> {
  const file = await open(path, 'r')
  try {
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    for (let at = from; ; ) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

async function* iterate(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks
}

/** `local global counter [mono] …` (trace.c `tracing_clock_show()`), as saved beside a trace; the bracketed one is set. */
export function readTraceClock(path: string): string | null {
  try {
    if (!statSync(path).isFile()) return null
    const text = readFileSync(path, 'latin1').trim()
    return /\[([\w-]+)\]/.exec(text)?.[1] ?? /^[\w-]+$/.exec(text)?.[0] ?? null
  } catch {
    return null
  }
}

import { createReadStream, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { openSource } from '../sources.ts'
import { readClockBeside } from './clock-file.ts'
import { fileChunks } from './file-chunks.ts'
import { createEnding, NOTHING_FOUND, type OpenedInput } from './input.ts'
import type { Layer } from './layer.ts'
import { openLayer, type Place } from './open-layer.ts'

export interface OpenOptions {
  stdin: Readable
  /** What captures are called, instead of the path's last part. */
  name?: string | undefined
  /** Ends the programs that were started for an input. */
  signal?: AbortSignal
}

/**
 * Everything that `path` stands for, `-` for standard input: a file's content unpacked and as text, or each member of a
 * folder or an archive, in a certain order. Nothing but first bytes is read yet. What cannot be read comes as a refusal;
 * nothing is thrown but what an abort made fail.
 */
export async function* openInputs(path: string, options: OpenOptions): AsyncGenerator<OpenedInput> {
  const name = options.name ?? (path === '-' ? '-' : basename(path))
  if (path !== '-' && statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    const { openFolder } = await import('./folder.ts')
    for (const found of openFolder(path, name)) {
      if (found.kind === 'file') yield* openFile(found.place, found.file, options)
      else yield found
    }
    return
  }
  const clockBeside = path === '-' ? null : readClockBeside(dirname(path))
  yield* openFile({ path, name, clockBeside, member: false }, path, options)
}

async function* openFile(place: Place, path: string, { stdin, signal }: OpenOptions): AsyncGenerator<OpenedInput> {
  const special = path !== '-' && isSpecial(path)
  const stream = path === '-' ? stdin : special ? createReadStream(path) : null
  const source = await openSource(stream ? '-' : path, stream ?? undefined, special ? path : null)
  if (source.kind === 'refused') {
    stream?.destroy()
    yield { kind: 'refused-input', path: place.path, refusal: source, member: place.member }
    return
  }
  const { head, size, chunks } = source
  if (stream === null) source.close()
  const layer: Layer = {
    head,
    size,
    seekable: stream === null,
    open: (from) => (stream === null ? fileChunks(path, from) : iterate(chunks)),
    file: stream === null ? path : null,
    ending: createEnding(),
    found: NOTHING_FOUND,
    async close() {
      source.close()
      stream?.destroy()
    },
  }
  yield* openLayer(layer, place, signal)
}

/** Pipes, devices, and the files of tracefs, which have no size and change while they are read: to be read once. */
function isSpecial(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat !== undefined && !stat.isDirectory() && (!stat.isFile() || (stat.size === 0 && isVirtual(path)))
}

function isVirtual(path: string): boolean {
  return /^\/(?:sys|proc)\//.test(path) || ['trace', 'trace_pipe', 'snapshot'].includes(basename(path))
}

async function* iterate(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks
}

import { execFileSync, spawnSync } from 'node:child_process'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { Compression } from '../../../ingest/inputs/unpack.ts'

const COMMANDS: Partial<Record<Compression, string[]>> = {
  xz: ['xz', '-c'],
  bzip2: ['bzip2', '-c'],
  lz4: ['lz4', '-c', '-q'],
}

/** Whether this machine has the program for it; zlib's are always there. */
export function canPack(compression: Compression): boolean {
  const command = COMMANDS[compression]
  return command === undefined || spawnSync(command[0]!, ['--version']).error === undefined
}

export function pack(compression: Compression, content: Buffer): Buffer {
  if (compression === 'gzip') return gzipSync(content)
  if (compression === 'zstd') return zstdCompressSync(content)
  const [command, ...args] = COMMANDS[compression]!
  return execFileSync(command!, args, { input: content, maxBuffer: 64 * 1024 * 1024 })
}

/** `bytes` in chunks of `size`, all in one memory that is used again. */
export async function* inChunks(bytes: Buffer, size = 1024 * 1024): AsyncGenerator<Buffer> {
  const memory = Buffer.alloc(size)
  for (let at = 0; at < bytes.length; at += size) {
    const length = bytes.copy(memory, 0, at, at + size)
    yield memory.subarray(0, length)
    memory.fill(0)
  }
}

export async function drain(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const chunk of chunks) pieces.push(Buffer.from(chunk))
  return Buffer.concat(pieces)
}

import type { Compression } from './unpack.ts'

export type Kind = Compression | 'utf-16le' | 'utf-16be' | 'tar' | 'trace-dat' | 'perf-data' | 'content'

const MAGICS: [Kind, string][] = [
  ['gzip', '\x1f\x8b\x08'],
  ['zstd', '\x28\xb5\x2f\xfd'],
  ['xz', '\xfd7zXZ\0'],
  ['bzip2', 'BZh'],
  ['lz4', '\x04\x22\x4d\x18'],
  ['lz4', '\x02\x21\x4c\x18'],
  ['trace-dat', '\x17\x08\x44tracing'],
  ['perf-data', 'PERFILE2'],
  ['perf-data', '2ELIFREP'],
  ['utf-16le', '\xff\xfe'],
  ['utf-16be', '\xfe\xff'],
]

/** Longest head that a skippable frame may hide the next frame's magic behind. */
const SKIPPABLE = /^[\x50-\x5f]\x2a\x4d\x18/

/** What has to be done with an input before it is text, by its first bytes; never by its name. */
export function kindOf(head: Buffer): Kind {
  const start = head.toString('latin1', 0, 16)
  const magic = MAGICS.find(([, bytes]) => start.startsWith(bytes))
  if (magic)
    return magic[0] === 'bzip2' && !/^BZh[1-9](?:1AY&SY|\x17rE8P\x90|.{0,5}$)/s.test(start) ? 'content' : magic[0]
  if (SKIPPABLE.test(start) && head.length >= 8) {
    const behind = 8 + head.readUInt32LE(4)
    return behind + 4 <= head.length ? kindOf(head.subarray(behind)) : 'zstd'
  }
  return isTarHeader(head) ? 'tar' : 'content'
}

export const TAR_BLOCK = 512
const CHECKSUM = { from: 148, to: 156 }

/** Whether a block is a tar header: its checksum says so, in the oldest format too. */
export function isTarHeader(block: Buffer): boolean {
  if (block.length < TAR_BLOCK || block[0] === 0) return false
  const stated = /^[ \0]*([0-7]{1,7})[ \0]/.exec(block.toString('latin1', CHECKSUM.from, CHECKSUM.to))
  if (stated === null) return false
  let sum = 0
  for (let i = 0; i < TAR_BLOCK; i++) sum += i >= CHECKSUM.from && i < CHECKSUM.to ? 32 : block[i]!
  return sum === Number.parseInt(stated[1]!, 8)
}

import { crc32, createInflateRaw } from 'node:zlib'
import type { ByteReader } from './byte-reader.ts'
import { inflate, UNPACKED_BYTES } from './inflate.ts'
import type { Member } from './members.ts'

const FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16 }

/** One member (RFC 1952). */
export const gzipMember: Member = async function* (reader) {
  if (!(await skipHeader(reader))) return 'cut'
  let sum = 0
  let length = 0
  const unpacking = inflate(createInflateRaw({ chunkSize: UNPACKED_BYTES }), reader)
  for (;;) {
    const { value, done } = await unpacking.next()
    if (done) {
      if (value === false) return 'cut'
      break
    }
    sum = crc32(value, sum)
    length += value.length
    yield value
  }
  const trailer = await reader.take(8)
  if (trailer.length < 8) return 'cut'
  if (trailer.readUInt32LE(0) !== sum) return { damaged: 'its checksum is wrong' }
  return trailer.readUInt32LE(4) === length % 2 ** 32 ? 'whole' : { damaged: 'its length is wrong' }
}

async function skipHeader(reader: ByteReader): Promise<boolean> {
  const fixed = await reader.take(10)
  if (fixed.length < 10) return false
  const flags = fixed[3]!
  if ((flags & FLAG.extra) !== 0) {
    const size = await reader.take(2)
    if (size.length < 2) return false
    const length = size.readUInt16LE(0)
    if ((await reader.take(length)).length < length) return false
  }
  if ((flags & FLAG.name) !== 0 && !(await skipText(reader))) return false
  if ((flags & FLAG.comment) !== 0 && !(await skipText(reader))) return false
  return (flags & FLAG.headerCrc) === 0 || (await reader.take(2)).length === 2
}

async function skipText(reader: ByteReader): Promise<boolean> {
  for (;;) {
    const chunk = await reader.chunk()
    if (chunk === null) return false
    const end = chunk.indexOf(0)
    if (end < 0) continue
    reader.unread(chunk.subarray(end + 1))
    return true
  }
}

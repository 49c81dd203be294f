import { refuse } from '../refusal.ts'
import { type ByteReader, createByteReader } from './byte-reader.ts'
import { type Ending, InputError } from './input.ts'
import { isTarHeader, TAR_BLOCK } from './kind.ts'
import { readPax, readTarHeader, type TarHeader } from './tar-header.ts'

/** A member of an archive. Its body can be read once, before the next entry is asked for; what is left is skipped. */
export interface TarEntry {
  name: string
  kind: 'file' | 'folder' | 'link' | 'special' | 'sparse'
  size: number
  body: AsyncIterable<Buffer>
}

/** A name or a pax header that is longer is damage. */
const LONGEST_HEADER = 1024 * 1024
const KINDS: Record<string, TarEntry['kind']> = {
  '0': 'file',
  '7': 'file',
  '5': 'folder',
  '1': 'link',
  '2': 'link',
  S: 'sparse',
}

/**
 * The members of a tar archive in its order. One that ends too early is told by `ending`. Throws `InputError` where the
 * archive is damaged, naming the byte.
 */
export async function* readTar(chunks: AsyncIterable<Buffer>, ending: Ending): AsyncGenerator<TarEntry> {
  const reader = createByteReader(chunks)
  const cut = () => {
    ending.cut ??= `the tar archive ends too early, after ${reader.position} bytes`
  }
  let next: Partial<TarHeader> & { sparse?: boolean } = {}
  try {
    for (;;) {
      const at = reader.position
      const block = await reader.take(TAR_BLOCK)
      if (block.length === 0) return
      if (block.length < TAR_BLOCK) return cut()
      // To the end, for a compression around it to compare its checksum.
      if (block.every((byte) => byte === 0)) return await drain(reader)
      const header = isTarHeader(block) ? readTarHeader(block) : null
      if (header === null) throw damaged(`there is no header where one should be, at byte ${at}`)
      if ('LKxg'.includes(header.type)) {
        if (header.size > LONGEST_HEADER) throw damaged(`the header at byte ${at} claims ${header.size} bytes`)
        const body = await reader.take(header.size)
        if (body.length < header.size || !(await skip(reader, padding(header.size)))) return cut()
        if (header.type === 'L') next.name = body.toString('utf8').replace(/\0.*$/s, '')
        if (header.type === 'x') next = { ...next, ...paxHeader(readPax(body)) }
        continue
      }
      const { name, type, size, sparse } = { sparse: false, ...header, ...next }
      next = {}
      const kind = sparse ? 'sparse' : (KINDS[type] ?? 'special')
      const length = kind === 'file' || kind === 'sparse' ? size : 0
      const body = createBody(reader, length, cut)
      yield { name, kind, size: length, body: body.chunks() }
      if (!(await body.skipRest()) || !(await skip(reader, padding(length)))) return cut()
    }
  } finally {
    await reader.close()
  }
}

function paxHeader(records: Map<string, string>): Partial<TarHeader> & { sparse?: boolean } {
  const name = records.get('GNU.sparse.name') ?? records.get('path')
  const size = Number(records.get('size') ?? Number.NaN)
  return {
    ...(name === undefined ? {} : { name }),
    ...(Number.isSafeInteger(size) && size >= 0 ? { size } : {}),
    ...([...records.keys()].some((key) => key.startsWith('GNU.sparse.')) ? { sparse: true } : {}),
  }
}

function createBody(reader: ByteReader, size: number, cut: () => void) {
  let left = size
  async function* chunks(): AsyncGenerator<Buffer> {
    while (left > 0) {
      const chunk = await reader.chunk()
      if (chunk === null) return cut()
      const piece = chunk.subarray(0, left)
      reader.unread(chunk.subarray(piece.length))
      left -= piece.length
      yield piece
    }
  }
  return {
    chunks,
    async skipRest() {
      const rest = left
      left = 0
      return await skip(reader, rest)
    },
  }
}

const padding = (size: number) => (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK

/** Returns false where the archive ends first. */
async function skip(reader: ByteReader, count: number): Promise<boolean> {
  for (let left = count; left > 0; ) {
    const chunk = await reader.chunk()
    if (chunk === null) return false
    const skipped = Math.min(left, chunk.length)
    reader.unread(chunk.subarray(skipped))
    left -= skipped
  }
  return true
}

async function drain(reader: ByteReader): Promise<void> {
  while ((await reader.chunk()) !== null);
}

function damaged(why: string): InputError {
  return new InputError(
    refuse('damaged', `The tar archive is damaged: ${why}.`, 'Fetch it again, or unpack what can be saved of it.'),
  )
}

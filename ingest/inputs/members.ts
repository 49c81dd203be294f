import { refuse } from '../refusal.ts'
import { type ByteReader, createByteReader } from './byte-reader.ts'
import { gzipMember } from './gzip.ts'
import { PIECE_BYTES } from './inflate.ts'
import { type Ending, InputError } from './input.ts'
import { zstdFrame } from './zstd.ts'

/** Unpacks one member of an archive; the reader stands at its beginning, and behind its end afterwards. */
export type Member = (reader: ByteReader) => AsyncGenerator<Buffer, MemberEnd>
export type MemberEnd = 'whole' | 'cut' | { damaged: string }

interface Codec {
  member: Member
  /** First bytes of a member; null stands for any low half of a byte `5x`. */
  magics: (number | null)[][]
}

/** Archives that are unpacked in the process: one member behind the other, padding or garbage after the last. */
const CODECS = {
  gzip: { member: gzipMember, magics: [[0x1f, 0x8b]] },
  zstd: {
    member: zstdFrame,
    magics: [
      [0x28, 0xb5, 0x2f, 0xfd],
      [null, 0x2a, 0x4d, 0x18],
    ],
  },
} satisfies Record<string, Codec>

/**
 * Unpacks all members. What ends too early is given as far as it goes, and `ending` says so; so it does of bytes behind
 * the last member. Throws `InputError` where the bytes are damaged.
 */
export async function* unpackMembers(
  codec: keyof typeof CODECS,
  chunks: AsyncIterable<Buffer>,
  ending: Ending,
): AsyncGenerator<Buffer> {
  const { member, magics }: Codec = CODECS[codec]
  const reader = createByteReader(chunks)
  let behindFirst = false
  const cut = () => {
    ending.cut = `the ${codec} data ends too early, after ${reader.position} compressed bytes`
  }
  const garbage = () => {
    ending.remarks.add(`what follows byte ${reader.position} is no ${codec} and was left unread`)
  }
  try {
    for (;;) {
      await skipPadding(reader)
      const start = await reader.peek(4)
      if (start.length === 0) return
      const fit = magics.find((magic) => fits(start, magic))
      if (fit === undefined && behindFirst) return garbage()
      if (fit !== undefined && start.length < fit.length) return cut()
      const unpacking = member(reader)
      try {
        for (;;) {
          const { value, done } = await unpacking.next()
          if (!done) yield value
          else if (value === 'cut') return cut()
          else if (value === 'whole') break
          else throw damaged(codec, value.damaged, reader.position)
        }
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        // A frame that ended with a chunk: what came next was taken for another one.
        if (code === 'ZSTD_error_prefix_unknown') return garbage()
        if (code === 'ZSTD_error_frameParameter_windowTooLarge') throw tooLarge()
        throw /^Z(?:STD)?_/.test(code ?? '') ? damaged(codec, message, reader.position) : error
      } finally {
        await unpacking.return('whole')
      }
      behindFirst = true
    }
  } finally {
    await reader.close()
  }
}

/** Whether `start` begins with `magic`, or with as much of it as is there. */
function fits(start: Buffer, magic: (number | null)[]): boolean {
  return magic.slice(0, start.length).every((byte, i) => (byte === null ? start[i]! >> 4 === 5 : start[i] === byte))
}

/** Tapes and block devices are filled up with zeros. */
async function skipPadding(reader: ByteReader): Promise<void> {
  for (;;) {
    const chunk = await reader.chunk()
    if (chunk === null) return
    const start = chunk.findIndex((byte) => byte !== 0)
    if (start < 0) continue
    return reader.unread(chunk.subarray(start))
  }
}

function damaged(codec: string, why: string, position: number): InputError {
  return new InputError(
    refuse(
      'damaged',
      `The ${codec} data is damaged: ${why}, found within ${PIECE_BYTES} bytes behind byte ${position} of the compressed ones.`,
      'Fetch the file again; what a damaged archive unpacks to is no evidence.',
    ),
  )
}

function tooLarge(): InputError {
  return new InputError(
    refuse(
      'compressed',
      'The zstd data wants a window of more than 128 MiB.',
      'Unpack it first: zstd --long=31 -dc FILE | revenant ingest -',
    ),
  )
}

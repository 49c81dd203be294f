import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEnding, InputError } from '../../../ingest/inputs/input.ts'
import { kindOf } from '../../../ingest/inputs/kind.ts'
import { type Compression, unpack } from '../../../ingest/inputs/unpack.ts'
import { canPack, drain, inChunks, pack } from './packed.ts'

const CONTENT = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `line ${i} ${(i * 7919) % 104_729}\n`).join(''))
const SKIPPABLE = Buffer.concat([Buffer.from('5a2a4d1804000000', 'hex'), Buffer.from('note')])

async function unpacked(compression: Compression, bytes: Buffer, chunk?: number) {
  const ending = createEnding()
  const content = await drain(unpack(compression, inChunks(bytes, chunk), ending))
  return { content, cut: ending.cut, remarks: [...ending.remarks] }
}

describe.each(['gzip', 'zstd', 'xz', 'bzip2', 'lz4'] as const)('%s', (compression) => {
  const there = canPack(compression)
  const packed = there ? pack(compression, CONTENT) : Buffer.alloc(0)

  test.skipIf(!there)('is known by its first bytes', () => {
    expect(kindOf(packed)).toBe(compression)
  })

  test.skipIf(!there).each([1_000_000, 4096, 17])('gives its content, from chunks of %i bytes', async (size) => {
    const { content, cut, remarks } = await unpacked(compression, packed, size)
    expect(content.equals(CONTENT)).toBe(true)
    expect([cut, remarks]).toEqual([null, []])
  })

  test.skipIf(!there)('several members behind one another are one content', async () => {
    const second = Buffer.from('second\n')
    const bytes = Buffer.concat([packed, pack(compression, second), pack(compression, Buffer.alloc(0)), packed])
    for (const size of [1_000_000, 4096, packed.length]) {
      const { content, cut } = await unpacked(compression, bytes, size)
      expect(content.equals(Buffer.concat([CONTENT, second, CONTENT]))).toBe(true)
      expect(cut).toBeNull()
    }
  })

  test.skipIf(!there)('cut: what can be unpacked is given, and that it is cut is said', async () => {
    const long = Buffer.concat([CONTENT, CONTENT, CONTENT])
    const bytes = pack(compression, long)
    const { content, cut } = await unpacked(compression, bytes.subarray(0, bytes.length - 10))
    expect(content.equals(long.subarray(0, content.length))).toBe(true)
    expect(cut).toMatch(/data ends too early, after \d+ (?:un)?(?:compressed|packed) bytes$/)
  })

  test.skipIf(!there)('damaged: refused, and where it is damaged is said', async () => {
    const damaged = Buffer.from(packed)
    damaged.fill(0x55, packed.length >> 1, (packed.length >> 1) + 64)
    const error = await unpacked(compression, damaged).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(InputError)
    expect(error.refusal).toMatchObject({
      code: 'damaged',
      message: expect.stringMatching(/behind (?:unpacked )?byte \d+/),
    })
  })
})

describe('gzip and zstd, unpacked in the process', () => {
  test.each(['gzip', 'zstd'] as const)(
    '%s, cut anywhere: a beginning of the content, and never silent',
    async (codec) => {
      const bytes = Buffer.concat([pack(codec, CONTENT), pack(codec, CONTENT)])
      const half = pack(codec, CONTENT).length
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: bytes.length - 1 }),
          fc.integer({ min: 1, max: 9000 }),
          async (end, size) => {
            fc.pre(end !== half)
            const { content, cut } = await unpacked(codec, bytes.subarray(0, end), Math.max(size, end >> 6))
            expect(Buffer.concat([CONTENT, CONTENT]).subarray(0, content.length).equals(content)).toBe(true)
            expect(cut).not.toBeNull()
            if (end > half) expect(content.length).toBeGreaterThanOrEqual(CONTENT.length)
          },
        ),
        { numRuns: 60 },
      )
    },
  )

  test.each(['gzip', 'zstd'] as const)('%s with garbage behind it is read, and the garbage named', async (codec) => {
    const packed = pack(codec, CONTENT)
    for (const size of [1_000_000, packed.length]) {
      const { content, cut, remarks } = await unpacked(codec, Buffer.concat([packed, Buffer.from('-- \nfooter')]), size)
      expect(content.equals(CONTENT)).toBe(true)
      expect([cut, remarks]).toEqual([null, [`what follows byte ${packed.length} is no ${codec} and was left unread`]])
    }
  })

  test('zeros behind the end are padding', async () => {
    const padded = Buffer.concat([pack('gzip', CONTENT), Buffer.alloc(100_000)])
    expect(await unpacked('gzip', padded)).toMatchObject({ cut: null, remarks: [] })
  })

  test('a gzip whose checksum is wrong is refused', async () => {
    const packed = pack('gzip', CONTENT)
    packed[packed.length - 6]! ^= 1
    await expect(unpacked('gzip', packed)).rejects.toThrow(/gzip data is damaged: its checksum is wrong/)
  })

  test('a gzip with every optional field in its header', async () => {
    const packed = pack('gzip', CONTENT)
    const header = Buffer.from(packed.subarray(0, 10))
    header[3] = 2 | 4 | 8 | 16
    const fields = Buffer.concat([
      Buffer.from([3, 0, 1, 2, 3]),
      Buffer.from('name.txt\0a comment\0'),
      Buffer.from([9, 9]),
    ])
    const { content } = await unpacked('gzip', Buffer.concat([header, fields, packed.subarray(10)]), 3)
    expect(content.equals(CONTENT)).toBe(true)
  })

  test('skippable zstd frames hold nothing, first or last', async () => {
    const bytes = Buffer.concat([SKIPPABLE, pack('zstd', CONTENT), SKIPPABLE])
    expect(kindOf(bytes)).toBe('zstd')
    for (const size of [1_000_000, 5]) {
      const { content, cut, remarks } = await unpacked('zstd', bytes, size)
      expect(content.equals(CONTENT)).toBe(true)
      expect([cut, remarks]).toEqual([null, []])
    }
  })

  test('a window of more than 128 MiB is refused with the command that unpacks it', async () => {
    // A frame header (RFC 8878 §3.1.1): no content size, window descriptor 0xa0 is 2^30 bytes; then one raw block.
    const frame = Buffer.concat([Buffer.from('28b52ffd00a0', 'hex'), Buffer.from([0x09, 0, 0]), Buffer.from('x')])
    await expect(unpacked('zstd', frame)).rejects.toThrow(/window of more than 128 MiB.*zstd --long=31/s)
  })

  test.each(['gzip', 'zstd'] as const)('%s that unpacks to a thousand times its size is held back', async (codec) => {
    const bomb = pack(codec, Buffer.alloc(64 * 1024 * 1024))
    const before = process.memoryUsage().rss
    let most = 0
    let length = 0
    for await (const chunk of unpack(codec, inChunks(bomb, 64 * 1024 * 1024), createEnding())) {
      length += chunk.length
      most = Math.max(most, chunk.length)
      if (length === chunk.length) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(length).toBe(64 * 1024 * 1024)
    expect(most).toBeLessThanOrEqual(256 * 1024)
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024)
  })

  test('reading that is given up lets go of the source', async () => {
    let closed = false
    async function* source() {
      try {
        for (;;) yield pack('gzip', CONTENT)
      } finally {
        closed = true
      }
    }
    for await (const chunk of unpack('gzip', source(), createEnding())) if (chunk.length > 0) break
    expect(closed).toBe(true)
  })
})

test('a program that is not installed is named, with the package that has it', async () => {
  const { PATH } = process.env
  process.env.PATH = '/nonexistent'
  try {
    const error = await unpacked('xz', Buffer.from('fd377a585a00', 'hex')).catch((thrown) => thrown)
    expect(error.refusal).toMatchObject({
      code: 'program-missing',
      message: expect.stringContaining('the program xz that unpacks it is not installed'),
      advice: expect.stringContaining('apt-get install xz-utils'),
    })
  } finally {
    process.env.PATH = PATH
  }
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEnding } from '../../../ingest/inputs/input.ts'
import { kindOf } from '../../../ingest/inputs/kind.ts'
import { readTar } from '../../../ingest/inputs/tar.ts'
import { drain, inChunks } from './packed.ts'
import { type Member, paxMember, tarArchive, tarMember } from './tar-archive.ts'

async function members(bytes: Buffer, chunk = 700) {
  const ending = createEnding()
  const found: { name: string; kind: string; text: string }[] = []
  for await (const { name, kind, body } of readTar(inChunks(bytes, chunk), ending))
    found.push({ name, kind, text: (await drain(body)).toString() })
  return { found, cut: ending.cut }
}

describe('readTar', () => {
  test('gives files of every length, and skips what is not read', async () => {
    const sizes = [0, 1, 511, 512, 513, 5000]
    const archive = tarArchive(sizes.map((size) => ({ name: `f${size}`, content: 'x'.repeat(size) })))
    expect(kindOf(archive)).toBe('tar')
    const { found, cut } = await members(archive)
    expect(found.map(({ name, text }) => [name, text.length])).toEqual(sizes.map((size) => [`f${size}`, size]))
    expect(cut).toBeNull()
    const names: string[] = []
    for await (const { name } of readTar(inChunks(archive), createEnding())) names.push(name)
    expect(names).toEqual(sizes.map((size) => `f${size}`))
  })

  test('long names of ustar, GNU and pax', async () => {
    const long = `${'deep/'.repeat(60)}trace.txt`
    const { found } = await members(
      tarArchive([
        { name: 'trace.txt', prefix: 'a/b', content: '1' },
        tarMember({ name: '././@LongLink', type: 'L', content: `${long}\0` }),
        { name: long.slice(0, 100), content: '2' },
        paxMember({ path: `päx/${long}` }),
        { name: 'short', content: '3' },
        { name: 'last', content: '4' },
      ]),
    )
    expect(found.map(({ name, text }) => [name, text])).toEqual([
      ['a/b/trace.txt', '1'],
      [long, '2'],
      [`päx/${long}`, '3'],
      ['last', '4'],
    ])
  })

  test('sizes as GNU writes large ones, and in a pax header', async () => {
    const binary = Buffer.alloc(12)
    binary[0] = 0x80
    binary[11] = 3
    const three = tarMember({ name: 'three', content: 'abc', size: binary })
    const { found } = await members(tarArchive([three, paxMember({ size: '2' }), { name: 'two', content: 'de' }]))
    expect(found.map(({ text }) => text)).toEqual(['abc', 'de'])
  })

  test('links, folders, devices and sparse files are told apart', async () => {
    const types: Member[] = ['2', '1', '5', '3', '6', 'S', '7'].map((type) => ({ name: type, type }))
    const { found } = await members(tarArchive([...types, paxMember({ 'GNU.sparse.major': '1' }), { name: 'holes' }]))
    const kinds = ['link', 'link', 'folder', 'special', 'special', 'sparse', 'file', 'sparse']
    expect(found.map(({ kind }) => kind)).toEqual(kinds)
  })

  test('damage is named by its byte', async () => {
    const archive = tarArchive([{ name: 'a', content: 'x'.repeat(600) }, { name: 'b' }])
    archive[1536 + 5]! ^= 0xff
    await expect(members(archive)).rejects.toThrow(/no header where one should be, at byte 1536/)
    const huge = tarMember({ name: 'L', type: 'L', size: '77777777777 ' })
    await expect(members(Buffer.concat([huge, Buffer.alloc(2048)]))).rejects.toThrow(
      /header at byte 0 claims \d+ bytes/,
    )
  })

  test('cut anywhere: the members before are whole, and it is said unless nothing is missing', async () => {
    const whole = tarArchive([
      { name: 'a', content: 'x'.repeat(600) },
      paxMember({ path: 'bb' }),
      { name: 'b', content: 'y' },
    ])
    const boundaries = [0, 1536, whole.length - 1024, whole.length - 512]
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length }), async (end) => {
        const { found, cut } = await members(whole.subarray(0, end), 100)
        const texts = ['x'.repeat(600), 'y']
        found.forEach(({ text }, i) => void expect(texts[i]!.startsWith(text)).toBe(true))
        if (!boundaries.includes(end) && end < whole.length - 1024)
          expect(cut).toMatch(/^the tar archive ends too early/)
      }),
      { numRuns: 80 },
    )
  })
})

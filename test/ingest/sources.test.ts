import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { HEAD_BYTES } from '../../ingest/detect-layout.ts'
import { openSource, type Source } from '../../ingest/sources.ts'

const folder = mkdtempSync(join(tmpdir(), 'revenant-sources-'))
afterAll(() => rmSync(folder, { recursive: true }))

const CONTENT = Buffer.from(Array.from({ length: 700_000 }, (_, i) => 32 + (i % 95)))

async function drain(source: Source): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const chunk of source.chunks) pieces.push(Buffer.from(chunk))
  return Buffer.concat(pieces)
}

async function open(path: string, stdin?: AsyncIterable<Buffer>): Promise<Source> {
  const source = await openSource(path, stdin)
  if (source.kind === 'refused') throw new Error(source.message)
  return source
}

async function* pipe(size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < CONTENT.length; at += size) yield CONTENT.subarray(at, at + size)
}

describe('a file', () => {
  it('is read whole, its head first', async () => {
    const path = join(folder, 'trace.txt')
    writeFileSync(path, CONTENT)
    const source = await open(path)
    expect(source).toMatchObject({ name: 'trace.txt', size: CONTENT.length })
    expect(source.head).toEqual(CONTENT.subarray(0, HEAD_BYTES))
    expect((await drain(source)).equals(CONTENT)).toBe(true)
    source.close()
  })

  it('may be empty', async () => {
    const path = join(folder, 'empty')
    writeFileSync(path, '')
    const source = await open(path)
    expect(source.head.length).toBe(0)
    expect((await drain(source)).length).toBe(0)
  })

  it('is refused in words where it cannot be read', async () => {
    expect(await openSource(folder)).toMatchObject({ kind: 'refused', code: 'directory' })
    const missing = await openSource(join(folder, 'nothing'))
    expect(missing).toMatchObject({ kind: 'refused', code: 'missing' })
    if (missing.kind === 'refused') expect(missing.message).toContain('nothing')
    expect(await openSource(join(folder, 'empty', 'below'))).toMatchObject({ kind: 'refused', code: 'unreadable' })
  })

  it.skipIf(process.getuid?.() === 0)('is refused where it may not be read', async () => {
    const path = join(folder, 'secret')
    writeFileSync(path, 'x')
    chmodSync(path, 0)
    expect(await openSource(path)).toMatchObject({ kind: 'refused', code: 'unreadable' })
  })
})

describe('standard input', () => {
  it.each([1000, 65_536, 300_000])('is read whole from pieces of %i bytes', async (size) => {
    const source = await open('-', pipe(size))
    expect(source).toMatchObject({ name: 'stdin', size: null })
    expect(source.head.equals(CONTENT.subarray(0, HEAD_BYTES))).toBe(true)
    expect((await drain(source)).equals(CONTENT)).toBe(true)
  })

  it('is refused where it breaks before its head', async () => {
    const broken = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('EIO')) }) }
    expect(await openSource('-', broken)).toMatchObject({ kind: 'refused', code: 'unreadable' })
  })
})

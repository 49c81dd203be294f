import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { detectLayout, HEAD_BYTES } from '../../ingest/detect-layout.ts'
import { InputError } from '../../ingest/inputs/input.ts'
import { openInputs } from '../../ingest/inputs/open-inputs.ts'
import { type Format, LAYOUTS } from '../../ingest/layout.ts'
import { readBatches } from '../../ingest/read-batches.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import { inputBytes, LineKind, lineBytes, type RecordBatch } from '../../src/domain/record.ts'
import { decodeColumns, encodeColumns } from '../../src/log/segment-codec.ts'
import { createFold } from '../../src/projection/fold.ts'
import { type Dice, dice, mutate } from '../support/mutate.ts'

/** Lines to be read in damaged files: as what they look like, and once more as each layout in turn. */
const LINES = 1_000_000
/** What reading them may take of memory, once the reader is warm. */
const MOST_GROWTH = 300 * 1024 * 1024
const SMALL = { batchLines: 500, batchBytes: 64 * 1024, maxLine: 8 * 1024, keepOfOverlong: 256 }

const fixtures = (folder: string) => {
  const url = new URL(`../fixtures/${folder}/`, import.meta.url)
  return readdirSync(url)
    .filter((name) => !name.endsWith('.json') && !/\.(dat|data)$/.test(name))
    .map((name) => ({ name, content: readFileSync(new URL(name, url)).subarray(0, 48 * 1024) }))
}
const FILES = [...fixtures('layouts'), ...fixtures('lines'), ...fixtures('traces/kernel-7.3')]
const CONTENTS = FILES.map(({ content }) => content)
const FORMATS = Object.keys(LAYOUTS) as Format[]

function* chunks(content: Buffer, die: Dice): Generator<Buffer> {
  for (let at = 0; at < content.length; ) {
    const size = 1 + die.below(20_000)
    yield Buffer.from(content.subarray(at, at + size))
    at += size
  }
}

/** Lines as any reader counts them: a last one without a line feed is one, too. */
function countLines(content: Buffer): number {
  let lines = 0
  for (let at = content.indexOf(10); at >= 0; at = content.indexOf(10, at + 1)) lines++
  return content.length > 0 && content.at(-1) !== 10 ? lines + 1 : lines
}

function problemsOf(batch: RecordBatch): string[] {
  const problems: string[] = []
  const kinds = [...batch.lineKind.subarray(0, batch.lineCount)]
  if (kinds.filter((kind) => kind === LineKind.event).length !== batch.count) problems.push('events and lines differ')
  for (let i = 0; i < batch.count; i++) {
    const [from, to] = [batch.payloadStart[i]!, batch.payloadEnd[i]!]
    if (from > to || to > batch.bytes.length) problems.push(`payload ${from} to ${to} of ${batch.bytes.length}`)
  }
  return problems
}

interface Reading {
  format: Format
  begin?: unknown
}

/** Reads, folds and packs it as an ingest does, and says what is wrong. */
async function read(content: Buffer, { format, begin }: Reading, die: Dice): Promise<string[]> {
  const parser = createTraceParser({ format, begin })
  const problems: string[] = []
  const parts: Buffer[] = []
  let bytes = 0
  let events = 0
  let fold: ReturnType<typeof createFold> | null = null
  for await (const batch of readBatches(chunks(content, die), parser, SMALL)) {
    problems.push(...problemsOf(batch))
    decodeColumns(encodeColumns(batch))
    fold ??= createFold({ ticks: parser.facts().ticks ?? false, options: null })
    fold.feed(batch, events)
    events += batch.count
    bytes += inputBytes(batch)
    parts.push(Buffer.from(lineBytes(batch)))
  }
  fold?.finish()
  const facts = parser.facts()
  if (facts.lines !== countLines(content)) problems.push(`${facts.lines} lines of ${countLines(content)}`)
  if (facts.lines !== facts.events + facts.ignored + facts.malformed + facts.structural)
    problems.push('the sum is wrong')
  if (facts.events !== events) problems.push('events were lost')
  if (bytes !== content.length) problems.push(`${bytes} bytes of ${content.length}`)
  const whole = Buffer.concat(parts)
  if (whole.length === content.length && !whole.equals(content)) problems.push('the bytes are not those that were read')
  return problems
}

describe(`${LINES.toLocaleString('en')} lines of damaged files`, () => {
  const share = LINES / FORMATS.length

  it.each(FORMATS)('%s: no crash, no line lost', async (format) => {
    let lines = 0
    let most = 0
    for (let seed = 1; lines < share; seed++) {
      const die = dice(seed * 7919 + FORMATS.indexOf(format))
      const content = mutate(CONTENTS[die.below(CONTENTS.length)]!, die, CONTENTS)
      const at = performance.now()
      const problems = await read(content, { format }, die).catch((error: Error) => [error.stack ?? error.message])
      expect(problems, `${format}, seed ${seed}`).toEqual([])
      most = Math.max(most, performance.now() - at)
      lines += countLines(content)
    }
    // Files of some 50 kB: a second for one of them is a scanner that goes over its lines again and again.
    expect(most).toBeLessThan(5000)
    expect(lines).toBeGreaterThanOrEqual(share)
  })

  it('as what they look like: no crash, no line lost, no memory kept', async () => {
    let lines = 0
    let refused = 0
    let warm = 0
    for (let seed = 1; lines < LINES; seed++) {
      const die = dice(seed)
      const content = mutate(CONTENTS[die.below(CONTENTS.length)]!, die, CONTENTS)
      const layout = detectLayout(content.subarray(0, HEAD_BYTES))
      if (layout.kind === 'refused') {
        expect(`${layout.message} ${layout.advice}`.length, `seed ${seed}`).toBeGreaterThan(20)
        refused++
        continue
      }
      const problems = await read(content, layout, die).catch((error: Error) => [error.stack ?? error.message])
      expect(problems, `${layout.format}, seed ${seed}`).toEqual([])
      lines += countLines(content)
      if (lines > LINES / 4) warm ||= process.memoryUsage().rss
    }
    expect(refused).toBeGreaterThan(0)
    expect(process.memoryUsage().rss - warm).toBeLessThan(MOST_GROWTH)
  })
})

describe('packed files that were damaged', () => {
  const PACKINGS: [string, (content: Buffer) => Buffer][] = [
    ['gz', gzipSync],
    ['zst', zstdCompressSync],
    ['tar', asTar],
    ['tar.gz', (content) => gzipSync(asTar(content))],
  ]
  const folder = mkdtempSync(join(tmpdir(), 'revenant-fuzz-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(PACKINGS)('%s: read as far as it goes, or refused in words', async (kind, pack) => {
    const path = join(folder, `damaged.${kind}`)
    let [read, refused] = [0, 0]
    for (let seed = 1; seed <= 400; seed++) {
      const die = dice(seed * 104_729)
      const packed = pack(CONTENTS[die.below(CONTENTS.length)]!)
      writeFileSync(path, mutate(packed, die, [packed]))
      for await (const opened of openInputs(path, { stdin: Readable.from([]), signal: new AbortController().signal })) {
        if (opened.kind === 'remark') continue
        if (opened.kind === 'refused-input') {
          expect(opened.refusal.message, `seed ${seed}`).not.toBe('')
          refused++
          continue
        }
        try {
          for await (const chunk of opened.open(0)) read += chunk.length
        } catch (error) {
          if (!(error instanceof InputError)) throw new Error(`seed ${seed}`, { cause: error })
          refused++
        }
      }
    }
    expect(read).toBeGreaterThan(0)
    expect(refused).toBeGreaterThan(0)
  })
})

/** One member and the two blocks of zeros that end an archive (POSIX ustar). */
function asTar(content: Buffer): Buffer {
  const header = Buffer.alloc(512)
  header.write('report/trace.txt', 0)
  header.write('0000644\0', 100)
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
  header.write('        0', 148)
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, content, Buffer.alloc(512 - (content.length % 512)), Buffer.alloc(1024)])
}

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Format } from '../../ingest/layout.ts'
import { readBatches } from '../../ingest/read-batches.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import { inputBytes, LineKind, type RecordBatch } from '../../src/domain/record.ts'
import { chunksOf, fixture, readWhole, sumsHold, type Whole } from './read-whole.ts'

const CONTEXT = '            tool-170     [001] ...1.    23.275377: '
const EVENT = `${CONTEXT}dma_buf_put: exp_name=system size=65536 ino=24\n`

/** What a batch says, boundaries included. */
function shape({ batches, facts, events, notes }: Whole) {
  const cut = batches.map((b) => [b.firstLine, b.lineCount, b.count, b.bytes.length, b.firstString, b.strings])
  const kinds = batches.map((b) => Buffer.from(b.lineKind).toString('hex'))
  const starts = batches.map((b) => [...b.lineStart])
  return { cut, kinds, starts, facts, events, notes }
}

/** Pieces that traces are made of, whole and broken, and bytes that are none. */
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constant(EVENT) },
  { weight: 2, arbitrary: fc.constant(`${CONTEXT}tracing_mark_write: one\ntwo\n\nthree\n`) },
  fc.constantFrom(
    '\n',
    '# tracer: nop\n',
    '# entries-in-buffer/entries-written: 3/9   #P:2\n',
    'CPU:1 [LOST 7 EVENTS]\n',
    '##### CPU 1 buffer started ####\n',
    ' => do_syscall_64\r\n',
    'sh-26121 [000] ...1 15.050: foo <-bar\n',
    `${CONTEXT}<stack trace>\n`,
    `${CONTEXT}UNKNOWN TYPE 5\n`,
    `b'${EVENT.trimEnd()}'\n`,
    'x-1 [000] 12345: tick: 1\n',
    'garbage without a task\n',
  ),
  fc.integer({ min: 1, max: 90 }).map((cut) => EVENT.slice(0, cut)),
  fc.integer({ min: 100, max: 700 }).map((length) => `${'z'.repeat(length)}\n`),
  fc.uint8Array({ maxLength: 40 }),
)
const content = fc.array(piece, { maxLength: 60 }).map((pieces) => Buffer.concat(pieces.map((p) => Buffer.from(p))))
/** Both limits of a batch are met: a usual line has 96 bytes. */
const LIMITS = { batchLines: 8, batchBytes: 700, maxLine: 300, keepOfOverlong: 50 }
const formats = fc.constantFrom<Format>('ftrace-text', 'ftrace-latency', 'ftrace-latency-verbose', 'ftrace-graph')

describe('batches', () => {
  it('do not depend on the size of the chunks', async () => {
    await fc.assert(
      fc.asyncProperty(content, fc.integer({ min: 1, max: 400 }), async (bytes, chunk) => {
        const whole = await readWhole(bytes, { ...LIMITS, chunk: Math.max(1, bytes.length) })
        const pieces = await readWhole(bytes, { ...LIMITS, chunk })
        expect(shape(pieces)).toEqual(shape(whole))
      }),
      { numRuns: 150 },
    )
  })

  it('hold every byte, and account for every line, whatever the bytes are', async () => {
    await fc.assert(
      fc.asyncProperty(content, formats, async (bytes, format) => {
        const whole = await readWhole(bytes, { ...LIMITS, format, maxLine: 10_000, chunk: 64 })
        expect(Buffer.concat(whole.batches.map((b) => b.bytes))).toEqual(bytes)
        expect(sumsHold(whole)).toBe(true)
        const feeds = bytes.filter((byte) => byte === 10).length
        expect(whole.facts.lines).toBe(feeds + (bytes.length > 0 && bytes.at(-1) !== 10 ? 1 : 0))
        for (const b of whole.batches) {
          expect(b.lineStart[b.lineCount]).toBe(b.bytes.length)
          for (let i = 0; i < b.count; i++) {
            const line = b.line[i]!
            expect(b.payloadStart[i]).toBeGreaterThanOrEqual(b.lineStart[line]!)
            expect(b.payloadEnd[i]).toBeGreaterThanOrEqual(b.payloadStart[i]!)
            expect(b.payloadEnd[i]).toBeLessThanOrEqual(b.lineStart[line + 1]!)
          }
        }
      }),
      { numRuns: 200 },
    )
  })

  it('go on after a restored state exactly as without the interruption', async () => {
    await fc.assert(
      fc.asyncProperty(content, fc.nat(), async (bytes, choice) => {
        const straight = await readWhole(bytes, LIMITS)
        if (straight.batches.length < 2) return
        const stop = 1 + (choice % (straight.batches.length - 1))
        const parser = createTraceParser()
        const first: RecordBatch[] = []
        for await (const batch of readBatches(chunksOf(bytes, 13), parser, LIMITS)) {
          first.push(batch)
          if (first.length === stop) break
        }
        const state = JSON.parse(JSON.stringify(parser.state()))
        const strings = first.flatMap((b) => b.strings)
        const skipBytes = first.reduce((sum, b) => sum + inputBytes(b), 0)
        const rest = await readWhole(bytes, { ...LIMITS, resume: { state, strings }, skipBytes, chunk: 17 })
        expect(shape({ ...rest, batches: [...first, ...rest.batches], events: [], notes: [] })).toEqual(
          shape({ ...straight, events: [], notes: [] }),
        )
        expect(rest.events).toEqual(straight.events.slice(straight.events.length - rest.events.length))
        expect(rest.facts).toEqual(straight.facts)
      }),
      { numRuns: 150 },
    )
  })

  it('take a line that just fits, whatever the chunks', async () => {
    const line = `${EVENT.trimEnd()}${'4'.repeat(100 - EVENT.length)}\n`
    for (const chunk of [1, 99, 100, 701, 5000]) {
      const { batches } = await readWhole(Buffer.from(line.repeat(10)), { ...LIMITS, chunk })
      expect(batches.map((b) => b.lineCount)).toEqual([7, 3])
    }
  })

  it('go on with a dictionary whose bytes were no UTF-8', async () => {
    const named = (comm: string) => `${comm.padStart(16)}${EVENT.slice(16)}`
    const bytes = Buffer.from(['\xff\xfe', 'b', '\xff\xfe', 'b'].map(named).join(''), 'latin1')
    const { batches } = await readWhole(bytes, { batchLines: 2 })
    const parser = createTraceParser()
    for await (const _ of readBatches(chunksOf(bytes.subarray(0, bytes.length / 2), 50), parser));
    const resume = { state: parser.state(), strings: batches[0]!.strings }
    const rest = await readWhole(bytes, { resume, skipBytes: bytes.length / 2 })
    expect(rest.batches[0]!.strings).toEqual([])
    expect([...rest.batches[0]!.comm.subarray(0, 2)]).toEqual([...batches[0]!.comm.subarray(0, 2)])
  })

  it('are the same when their memory is used again', async () => {
    const bytes = fixture('V_pipe_lost.txt')
    const kept = await readWhole(bytes, { batchLines: 100 })
    const parser = createTraceParser()
    const sums: string[] = []
    const digest = (b: RecordBatch) =>
      createHash('sha256')
        .update(b.bytes)
        .update(String(b.time.subarray(0, b.count)))
        .digest('hex')
    const options = { batchLines: 100, batchBytes: 64 * 1024, maxLine: 16 * 1024, recycle: true }
    for await (const batch of readBatches(chunksOf(bytes, 999), parser, options)) sums.push(digest(batch))
    expect(sums.length).toBe(15)
    expect(sums).toEqual(kept.batches.map(digest))
  })
})

describe('what goes past', () => {
  it('was hashed up to the end of the batch when it is yielded', async () => {
    const long = `${'y'.repeat(5000)}\n`
    const bytes = Buffer.from(EVENT.repeat(20) + long + EVENT.repeat(20))
    for (const chunk of [1, 100, 3000, 100_000]) {
      const hash = createHash('sha256')
      const options = { ...LIMITS, onBytes: (piece: Buffer) => hash.update(piece) }
      let end = 0
      for await (const batch of readBatches(chunksOf(bytes, chunk), createTraceParser(), options)) {
        end += inputBytes(batch)
        expect(hash.copy().digest('hex')).toBe(createHash('sha256').update(bytes.subarray(0, end)).digest('hex'))
      }
      expect(end).toBe(bytes.length)
    }
  })

  it('is kept of an overlong line as its beginning, its length and its digest', async () => {
    const line = `${CONTEXT}tracing_mark_write: ${'y'.repeat(5000)}`
    const whole = await readWhole(Buffer.from(`${EVENT}${line}\n${EVENT}`), LIMITS)
    expect(whole.kinds).toEqual([LineKind.event, LineKind.malformed, LineKind.event])
    const sha256 = createHash('sha256').update(line).digest('hex')
    const note = { kind: 'overlong', line: 2, length: line.length, kept: 50, sha256, beforeEvent: 1 }
    expect(whole.notes).toEqual([note])
    const [, start, end] = whole.batches[0]!.lineStart
    expect(whole.batches[0]!.bytes.toString('latin1', start, end)).toBe(`${line.slice(0, 50)}\n`)
    expect(whole.facts.samples[0]!.reason).toContain('longer')
  })

  it('is kept whole up to the limit and not a byte beyond', async () => {
    const ofLength = (length: number) => readWhole(Buffer.from(`${'z'.repeat(length)}\n`), LIMITS)
    expect((await ofLength(LIMITS.maxLine)).batches[0]!.bytes.length).toBe(LIMITS.maxLine + 1)
    expect((await ofLength(LIMITS.maxLine)).notes).toMatchObject([{ kind: 'unread' }])
    expect((await ofLength(LIMITS.maxLine + 1)).notes).toMatchObject([{ kind: 'overlong', length: LIMITS.maxLine + 1 }])
  })

  it('is noted, neighbours together, where it may have been an event', async () => {
    const text = ['what\n', EVENT, '@@\n', 'zz\n', EVENT, '# a header\n', '\n', '@@\n', EVENT].join('')
    const { notes, facts } = await readWhole(Buffer.from(text))
    expect(notes).toEqual([
      { kind: 'unread', line: 1, lines: 1, beforeEvent: 0 },
      { kind: 'unread', line: 3, lines: 2, beforeEvent: 1 },
      { kind: 'unread', line: 8, lines: 1, beforeEvent: 2 },
    ])
    expect(facts.malformed).toBe(4)
  })

  it('is cut where the last line ends in the middle of a record, and only there', async () => {
    const cut = await readWhole(Buffer.from(EVENT + EVENT.slice(0, 40)))
    expect(cut.notes).toEqual([{ kind: 'cut', line: 2, beforeEvent: 1 }])
    expect(cut.facts).toMatchObject({ events: 1, malformed: 1 })
    const complete = await readWhole(Buffer.from(EVENT + EVENT.trimEnd()))
    expect(complete.notes).toEqual([])
    expect(complete.events[1]!.replace('2:', '1:')).toBe(complete.events[0])
  })
})

describe('lines in their neighbourhood', () => {
  it('belong to a marker when they follow it without a context', async () => {
    const { facts, kinds } = await readWhole(
      Buffer.from(`${CONTEXT}tracing_mark_write: one\ntwo\n\nthree: x\n${EVENT}four\n`),
    )
    expect(kinds).toEqual([LineKind.event, 0, 0, 0, LineKind.event, LineKind.malformed])
    expect(facts.samples).toEqual([{ line: 6, text: 'four', reason: 'no task-pid before the CPU' }])
  })

  it('are counted as ignored without columns, and the name is asked for once', async () => {
    const asked: string[] = []
    const ignore = (name: string) => asked.push(name) > 0 && name.startsWith('sched_')
    const whole = await readWhole(fixture('V_overrun.txt'), { ignore })
    expect(whole.facts).toMatchObject({ lines: 122, structural: 13, malformed: 0 })
    expect(whole.facts.ignored).toBe(
      fixture('V_overrun.txt')
        .toString()
        .match(/^.{16}-.*\.\d{6}: sched_/gm)!.length,
    )
    expect(whole.facts.events).toBe(109 - whole.facts.ignored)
    expect(asked.length).toBe(new Set(asked).size)
    expect(whole.events.filter((event) => event.includes(' sched_switch: '))).toEqual([])
    expect(sumsHold(whole)).toBe(true)
  })

  it('are malformed where the clock changes its unit', async () => {
    const { facts } = await readWhole(Buffer.from(`${EVENT}x-1 [000] 12345: tick: 1\n`))
    expect(facts).toMatchObject({ events: 1, malformed: 1, ticks: false })
  })

  it('may end in CR LF and hold NULs and broken UTF-8', async () => {
    const bytes = Buffer.from(`${EVENT.trimEnd()}\r\n${CONTEXT}tracing_mark_write: a\0b\xff\xfe\r\n`, 'latin1')
    const { events, facts } = await readWhole(bytes)
    expect(facts).toMatchObject({ events: 2, malformed: 0 })
    expect(events[0]!.endsWith('ino=24')).toBe(true)
    expect(events[1]!.endsWith('tracing_mark_write: a\0b\xff\xfe')).toBe(true)
  })

  it('may begin with a byte order mark', async () => {
    const { facts } = await readWhole(Buffer.from(`\ufeff# tracer: nop\n${EVENT}`))
    expect(facts).toMatchObject({ tracer: 'nop', events: 1, structural: 1 })
  })

  it('give names to entries that have none in print', async () => {
    const lines = [
      'UNKNOWN TYPE 5',
      'Unknown type 9',
      '# 3 buf: aa bb',
      'fn+0x4/0x10 [mod] <-caller',
      'sys_x(fd: 3)',
      'sys_x -> 0x0',
    ]
    const { events } = await readWhole(Buffer.from(lines.map((line) => `${CONTEXT}${line}\n`).join('')))
    expect(events.map((event) => event.replace(/^.*?\] \d+ /, ''))).toEqual([
      'UNKNOWN TYPE: 5',
      'UNKNOWN TYPE: 9',
      'raw_data: # 3 buf: aa bb',
      'fn+0x4/0x10: <-caller',
      'sys_x: (fd: 3)',
      'sys_x: -> 0x0',
    ])
  })

  it('keep a dictionary apart that decodes to the same text', async () => {
    const named = (comm: Buffer) =>
      Buffer.concat([Buffer.alloc(16 - comm.length, ' '), comm, Buffer.from(EVENT.slice(16))])
    const bytes = Buffer.concat([named(Buffer.from([0xff])), named(Buffer.from('ÿ')), named(Buffer.from([0xff]))])
    const { batches } = await readWhole(bytes)
    const [batch] = batches
    expect(batch!.strings).toEqual(['dma_buf_put', 'ÿ', 'ÿ'])
    expect([...batch!.comm.subarray(0, 3)]).toEqual([1, 2, 1])
  })
})

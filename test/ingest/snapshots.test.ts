import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detectLayout } from '../../ingest/detect-layout.ts'
import type { Format } from '../../ingest/layout.ts'
import { parseLine } from '../../ingest/parse-line.ts'
import { readBatches } from '../../ingest/read-batches.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import type { RecordBatch } from '../../src/domain/record.ts'
import { fixture, readWhole, sumsHold } from './read-whole.ts'

const AT = 40_500_000_000n

async function read(content: Buffer | string, format: Format = 'bufinfo', at: bigint | null = AT) {
  const whole = await readWhole(Buffer.from(content), { format, at })
  expect(sumsHold(whole)).toBe(true)
  const { batches } = whole
  const strings = batches.flatMap(({ strings }) => strings)
  const events = batches.flatMap((batch) =>
    Array.from({ length: batch.count }, (_, i) => {
      const payload = batch.bytes.toString('utf8', batch.payloadStart[i], batch.payloadEnd[i])
      return { text: `${strings[batch.name[i]!]}: ${payload}`, pid: batch.pid[i]!, time: batch.time[i]! }
    }),
  )
  return { ...whole, told: events.map(({ text }) => text), events }
}

const LIST = `
Dma-buf Objects:
size    \tflags   \tmode    \tcount   \texp_name\tino     \tname    
00004096\t00080002\t000a0007\t00000002\tsystem\t00000092\tscratch
\tAttached Devices:
\tgpu
Total 1 devices attached


Total 1 objects, 4096 bytes
`

describe('bufinfo', () => {
  it('is read as Linux 6.12 prints it', async () => {
    const { told, facts } = await read(fixture('bufinfo-6.12.txt'))
    expect(told).toEqual([
      'bufinfo_buffer: ino=80 size=622592 exp_name="videobuf2_dma_contig" count=9 flags=0x0 mode=0x80005',
      'bufinfo_fence: ino=80 usage=write driver="drm_sched" timeline="v3d_tfu" seqno=12334 signaled=1',
      'bufinfo_fence: ino=80 usage=read driver="drm_sched" timeline="v3d_render" seqno=991 signaled=0',
      'bufinfo_attachment: ino=80 exp_name="videobuf2_dma_contig" dev_name="fec00000.v3d"',
      'bufinfo_total: ino=80 devices=1',
      'bufinfo_buffer: ino=81 size=8294400 exp_name="linux,cma" count=3 flags=0x2 mode=0x80007 name="camera preview"',
      'bufinfo_attachment: ino=81 exp_name="linux,cma" dev_name="gpu"',
      'bufinfo_attachment: ino=81 exp_name="linux,cma" dev_name="gpu"',
      'bufinfo_attachment: ino=81 exp_name="linux,cma" dev_name="fe801000.csi"',
      'bufinfo_total: ino=81 devices=3',
      'bufinfo_buffer: ino=92 size=4096 exp_name="system" count=1 flags=0x80002 mode=0xa0007',
      'bufinfo_total: ino=92 devices=0',
      'bufinfo_end: objects=3 bytes=8921088 complete=1',
    ])
    expect(facts).toMatchObject({ lines: 23, malformed: 0, structural: 10, ticks: false })
  })

  it('is read as Linux 7.3 prints it: fences by number', async () => {
    const { told, facts } = await read(fixture('bufinfo-7.3.txt'))
    expect(told.filter((line) => line.startsWith('bufinfo_fence'))).toEqual([
      'bufinfo_fence: ino=4 usage=kernel driver="" timeline="" context=0 seqno=0 signaled=1',
      'bufinfo_fence: ino=4 usage=bookkeep driver="virtio_gpu" timeline="virtio_gpu controlq" context=37 seqno=12 signaled=0',
    ])
    expect(told).toContain(
      'bufinfo_buffer: ino=5 size=65536 exp_name="udmabuf" count=2 flags=0x2000002 mode=0x80007 name="vm "ram" 1"',
    )
    expect(facts.malformed).toBe(0)
  })

  it('is read with blanks in the place of tabs, as mail clients leave it', async () => {
    const text = fixture('bufinfo-7.3.txt').toString()
    const { told } = await read(text)
    expect((await read(text.replaceAll('\t', '        '))).told).toEqual(told)
    expect((await read(text.replaceAll('\t', '  ').replace(/ +$/gm, ''))).told).toEqual(told)
    expect((await read(text.replaceAll('\n', '\r\n'))).told).toEqual(told)
  })

  it('is read as older kernels print it, without what they do not know', async () => {
    const { told } = await read(
      [
        'Dma-buf Objects:',
        'size\tflags\tmode\tcount\texp_name',
        '00004096\t00000002\t00000007\t00000002\ti915',
        '\tExclusive fence: i915 signalled-names seqno unsignalled',
        '\tShared fence: i915 rcs0 signalled',
        '\tAttached Devices:',
        '\tnv',
        'Total 1 devices attached',
        '',
        'Total 1 objects, 4096 bytes',
        '',
      ].join('\n'),
    )
    expect(told).toEqual([
      'bufinfo_buffer: size=4096 exp_name="i915" count=2 flags=0x2 mode=0x7',
      'bufinfo_fence: usage=write driver="i915" timeline="signalled-names seqno" signaled=0',
      'bufinfo_fence: usage=read driver="i915" timeline="rcs0" signaled=1',
      'bufinfo_attachment: exp_name="i915" dev_name="nv"',
      'bufinfo_total: devices=1',
      'bufinfo_end: objects=1 bytes=4096 complete=1',
    ])
  })

  it('gives every line the time that was given, else only its order', async () => {
    const given = await read(LIST)
    expect(given.events.map(({ time }) => time)).toEqual([AT, AT, AT, AT])
    const ordered = await read(LIST, 'bufinfo', null)
    expect(ordered.events.map(({ time }) => time)).toEqual([4n, 6n, 7n, 10n])
    expect(ordered.facts.ticks).toBe(true)
    const late = await read(LIST, 'bufinfo', 2n ** 62n + 1n)
    expect(late.events[0]!.time).toBe(2n ** 62n + 1n)
  })

  it('doubts totals that are not those of the lines before them', async () => {
    const reasonOf = async (text: string) => (await read(text)).facts.samples.map(({ reason }) => reason)
    const miscounted = [expect.stringMatching(/total is not that of the lines/)]
    expect(await reasonOf(LIST.replace('Total 1 devices', 'Total 2 devices'))).toEqual(miscounted)
    expect(await reasonOf(LIST.replace('1 objects', '2 objects'))).toEqual(miscounted)
    expect(await reasonOf(LIST.replace('4096 bytes', '4097 bytes'))).toEqual(miscounted)
  })

  it('knows a whole list from an excerpt, and from one with lines of something else', async () => {
    const ends = async (text: string) => (await read(text)).told.filter((line) => line.startsWith('bufinfo_end'))
    const some = ['bufinfo_end: objects=1 bytes=4096 complete=0']
    expect(await ends(LIST.replace('Dma-buf Objects:', ''))).toEqual(some)
    expect(await ends(LIST.replace('\tgpu', '\tgpu\nsomething else'))).toEqual(some)
    expect(await ends(LIST.replace('Total 1 devices attached', ''))).toEqual(some)
    expect(await ends(LIST.replace('\tAttached', '\tERROR locking buffer object: skipping\n\tAttached'))).toEqual(some)
  })

  it('reads a loop of snapshots, and says of one that it was cut', async () => {
    const loop = `Every 2.0s: cat bufinfo   host: Sun Nov 22 16:25:10 2026\n${LIST}`
    const two = await read(loop + loop)
    expect(two.told.filter((line) => line.endsWith('complete=1'))).toHaveLength(2)
    expect(two.facts.malformed).toBe(0)
    const cut = await read(LIST.slice(0, LIST.indexOf('\tgpu')) + LIST)
    expect(cut.facts.samples.map(({ text, reason }) => [text, reason])).toEqual([
      ['Dma-buf Objects:', expect.stringMatching(/cut short/)],
    ])
    expect(cut.told.filter((line) => line.endsWith('complete=1'))).toHaveLength(1)
  })

  it('keeps the bytes of names as they are', async () => {
    const named = Buffer.from(LIST.replace('scratch', 'tämpel'), 'latin1')
    const { batches } = await read(named)
    expect(
      batches[0]!.bytes.subarray(batches[0]!.payloadStart[0]).includes(Buffer.from('name="t\xe4mpel"', 'latin1')),
    ).toBe(true)
  })
})

describe('fdinfo', () => {
  const BUFFERS = [
    'fdinfo_buffer: ino=4 size=16384 count=3 fd=23 flags=02000002 exp_name="vfio_pci_core"',
    'fdinfo_buffer: ino=5 size=65536 count=1 fd=24 flags=02000002 exp_name="udmabuf" name="vm "ram" 1"',
    'fdinfo_buffer: ino=4 size=16384 count=3 fd=7 flags=02000002 exp_name="vfio_pci_core"',
  ]
  const loop = fixture('fdinfo-loop.txt').toString()

  it('tells of the files that are dma-bufs, and whose they are', async () => {
    const { told, events, facts } = await read(loop, 'fdinfo')
    expect(told).toEqual(BUFFERS)
    expect(events.map(({ pid }) => pid)).toEqual([734, 734, 801])
    expect(facts).toMatchObject({ malformed: 0, structural: 35 })
  })

  it('reads what grep, head and tail make of it', async () => {
    const files = loop
      .replace(/^cat: .*\n/m, '')
      .split(/^== /m)
      .filter(Boolean)
    const grep = files.flatMap((file) => {
      const [path, ...lines] = file.trimEnd().split('\n')
      return lines.map((line) => `${path}:${line}`)
    })
    expect((await read(`${grep.join('\n')}\n`, 'fdinfo')).events).toEqual((await read(loop, 'fdinfo')).events)
    const tail = loop.replace(/^== (.*)$/gm, '==> $1 <==')
    expect((await read(tail, 'fdinfo')).told).toEqual(BUFFERS)
  })

  it('reads single files without a path, and knows no process then', async () => {
    const { told, events } = await read(loop.replace(/^== .*\n/gm, ''), 'fdinfo')
    expect(told).toEqual(BUFFERS.map((line) => line.replace(/ fd=\d+/, '')))
    expect(events.map(({ pid }) => pid)).toEqual([-1, -1, -1])
  })

  it('tells what a kernel says that prints no inode number', async () => {
    const { told } = await read(loop.replace(/^ino:.*\n/gm, ''), 'fdinfo')
    expect(told[0]).toBe('fdinfo_buffer: size=16384 count=3 fd=23 flags=02000002 exp_name="vfio_pci_core"')
  })
})

describe('both', () => {
  const SAMPLES: [string, Format][] = [
    ['bufinfo-6.12.txt', 'bufinfo'],
    ['bufinfo-7.3.txt', 'bufinfo'],
    ['fdinfo-loop.txt', 'fdinfo'],
  ]

  it.each(SAMPLES)('%s is known for what it is', (name, format) => {
    expect(detectLayout(fixture(name))).toEqual({ kind: 'layout', format })
  })

  it.each(SAMPLES)('%s goes on behind any line, where an ingest was killed', async (name, format) => {
    const content = fixture(name)
    const whole = await readWhole(content, { format, at: AT })
    for (let lines = 1; lines < whole.facts.lines; lines++) {
      const parser = createTraceParser({ format, at: AT })
      const first = await readBatches([content], parser, { batchLines: lines }).next()
      const { lineStart, lineCount, strings } = first.value as RecordBatch
      const resume = { state: JSON.parse(JSON.stringify(parser.state())), strings }
      const rest = await readWhole(content, { format, at: AT, resume, skipBytes: lineStart[lineCount]! })
      expect(rest.facts).toEqual(whole.facts)
      expect(rest.kinds).toEqual(whole.kinds.slice(lines))
    }
  })

  it.each(SAMPLES)('%s is read the same however it is cut into batches', async (name, format) => {
    const whole = await readWhole(fixture(name), { format, at: AT })
    for (let lines = 1; lines < whole.facts.lines; lines++) {
      const cut = await readWhole(fixture(name), { format, at: AT, batchLines: lines })
      expect(cut.kinds).toEqual(whole.kinds)
      expect(cut.facts).toEqual(whole.facts)
    }
  })

  it('count every line, whatever becomes of a snapshot', async () => {
    const lines = SAMPLES.flatMap(([name]) => fixture(name).toString().split('\n'))
    const damaged = fc.array(fc.oneof(fc.constantFrom(...lines), fc.string()), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(damaged, fc.constantFrom('bufinfo' as const, 'fdinfo' as const), async (some, format) => {
        const { facts, events } = await read(some.join('\n'), format)
        expect(events).toHaveLength(facts.events)
      }),
      { numRuns: 200 },
    )
  })
})

describe('one line of bufinfo at a time', () => {
  const CASES: { id: string; line: string; why: string; expect: Record<string, string | number | boolean | null> }[] =
    readFileSync(new URL('../fixtures/lines/bufinfo.jsonl', import.meta.url), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))

  /** What the payload calls the fields of a case; a mode is a number there, and a name that is not set is not there. */
  const SPELLED: Record<string, (value: never) => string | null> = {
    file_flags: (hex: string) => `flags=0x${Number.parseInt(hex, 16).toString(16)}`,
    mode: (hex: string) => `mode=0x${Number.parseInt(hex, 16).toString(16)}`,
    exp_name: (text: string) => `exp_name="${text}"`,
    driver: (text: string) => `driver="${text}"`,
    timeline: (text: string) => `timeline="${text}"`,
    device: (text: string) => `dev_name="${text}"`,
    signaled: (yes: boolean) => `signaled=${yes ? 1 : 0}`,
    name: (text: string | null) => (text === null ? null : `name="${text}"`),
  }

  it.each(CASES)('$id: $why', ({ line, expect: wanted }) => {
    expect(detectLayout(Buffer.from(`${line}\n`))).toEqual({ kind: 'layout', format: 'bufinfo' })
    const found = parseLine(Buffer.from(line), 'bufinfo')
    if (found.kind !== 'event') throw new Error(JSON.stringify(found))
    const spelled = Object.entries(wanted).map(([key, value]) => SPELLED[key]?.(value as never) ?? `${key}=${value}`)
    const payload = ` ${found.payload} `
    for (const [k, [key, value]] of Object.entries(wanted).entries()) {
      if (key === 'name' && value === null) expect(payload).not.toContain(' name=')
      else expect(payload).toContain(` ${spelled[k]} `)
    }
  })

  it('covers every case of the file', () => {
    expect(CASES.map(({ id }) => id)).toEqual(['T257', 'T258', 'T259', 'T260', 'T261'])
  })
})

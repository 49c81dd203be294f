import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { detectLayout } from '../../ingest/detect-layout.ts'
import { parseLine } from '../../ingest/parse-line.ts'
import { TRACEPOINT_TYPES } from '../../src/domain/recognise/tracepoints.ts'
import { type LineCase, lineCases } from '../support/line-cases.ts'
import { readWhole, sumsHold } from './read-whole.ts'

const sample = (name: string) => readFileSync(new URL(`../fixtures/wrapped/${name}`, import.meta.url))
const CASES: LineCase[] = lineCases('wrapped')

/** Reads an input as it is found to be. */
async function ingest(content: Buffer) {
  const layout = detectLayout(content)
  if (layout.kind === 'refused') throw new Error(layout.message)
  const whole = await readWhole(content, { format: layout.format })
  expect(sumsHold(whole)).toBe(true)
  return { ...whole, format: layout.format }
}

const caseLines = (layout: string) => CASES.filter((c) => c.layout === layout).map((c) => `${c.line}\n`)

describe('one line alone in a file', () => {
  it.each(CASES.filter((c) => c.kind === 'event'))('$id $layout: $why', (c) => {
    const line = Buffer.from(`${c.line}\n`)
    const layout = detectLayout(line)
    if (layout.kind === 'refused') throw new Error(layout.message)
    const found = parseLine(line, layout.format)
    if (found.kind !== 'event') throw new Error(JSON.stringify(found))
    const { comm, pid, tgid, cpu, flags, name: event, payload: args } = found
    const { ts, ts_ns } = c.expect
    expect(c.expect).toMatchObject({ comm, pid, tgid: tgid ?? null, cpu, flags, event, args })
    if (ts === null) expect(found).toMatchObject({ ticks: true, time: 1n })
    else expect(found).toMatchObject({ ticks: false, time: BigInt(String(ts_ns ?? 0)) })
  })

  it.each(CASES.filter((c) => c.kind !== 'event'))('$id $layout is none that is read alone: $why', (c) => {
    expect(detectLayout(Buffer.from(`${c.line}\n`))).toMatchObject({ kind: 'refused', code: 'not-a-trace' })
  })
})

describe('the lines of one layout together', () => {
  it('the wrapped tail joins the event before', async () => {
    const { events, facts } = await ingest(Buffer.from(caseLines('mail-wrapped').join('')))
    expect(events).toEqual([
      '1: (udev-worker)-532 (-1) [10] 4878076000 map: IOMMU: iova=0x00000000fe980000 - 0x00000000fea00000 paddr=0x000000010ec80000 size=524288',
    ])
    expect(facts).toMatchObject({ structural: 1, malformed: 0 })
  })

  it('a soft break is joined without a blank; what is no event then is malformed', async () => {
    const content = Buffer.from(caseLines('quoted-printable').join(''))
    const { facts, events } = await readWhole(content, { format: 'mail/ftrace-text' })
    expect(events).toEqual([])
    expect(facts).toMatchObject({ structural: 1, malformed: 1 })
    expect(facts.samples[0]).toMatchObject({ line: 2 })
  })

  it('a trace that ends in a soft break is cut', async () => {
    const content = Buffer.from(caseLines('quoted-printable')[0]!)
    const { notes, events } = await readWhole(content, { format: 'mail/ftrace-text' })
    expect(events).toEqual([])
    expect(notes).toEqual([{ kind: 'cut', line: 1, beforeEvent: 0 }])
  })

  it('QEMU: events with and without a time are not put in one order', async () => {
    const { facts } = await ingest(Buffer.from(caseLines('qemu-log').join('')))
    expect(facts).toMatchObject({ format: 'qemu-log', events: 1, malformed: 2 })
  })

  it('QEMU without times: in the order of the lines, blank ones counted', async () => {
    const { events } = await ingest(Buffer.from(`${caseLines('qemu-log')[1]}\n${caseLines('qemu-log')[2]}`))
    expect(events.map((event) => /\] (\d+) \w+/.exec(event)![0])).toEqual([
      '] 1 iommufd_backend_map_file_dma',
      '] 3 vfio_region_dmabuf',
    ])
  })

  it.each([...TRACEPOINT_TYPES.keys(), 'console'])('QEMU: %s is not the kernel event of that name', (name) => {
    const found = parseLine(Buffer.from(`7@1.000000:${name} exp_name=a size=1 ino=1\n`), 'qemu-log')
    expect(found).toMatchObject({ kind: 'event', name: `qemu:${name}` })
  })

  it('QEMU names that are no subsystem of its own make no file a log', () => {
    expect(detectLayout(Buffer.from('vfio_region_write x\nsome_words here\n')).kind).toBe('refused')
  })
})

describe('mails', () => {
  it('a thread with two depths of quotes, prose and headers', async () => {
    const { format, facts, events } = await ingest(sample('thread.eml'))
    expect(format).toBe('mail/ftrace-text')
    expect(facts).toMatchObject({ events: 4, malformed: 0 })
    expect(events.map((event) => event.split(' ').slice(4, 5)[0])).toEqual([
      '44299582000',
      '44303976000',
      '44311325000',
      '44311400000',
    ])
  })

  it('quoted-printable in one part, a picture in another', async () => {
    const { facts, events } = await ingest(sample('qp.eml'))
    expect(facts).toMatchObject({ format: 'mail/ftrace-text', events: 2, malformed: 0 })
    expect(events[1]).toContain('(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core]) dev="0000:01:00.0" revoked=1')
  })

  it("an mbox: a patch's lines are no events, and left out lines are a gap", async () => {
    const { facts, events, notes } = await ingest(sample('patch.mbox'))
    expect(events.map((event) => /\w+: exp_name=\S+/.exec(event)![0])).toEqual([
      'dma_buf_export: exp_name=vfio_pci_core',
      'dma_buf_fd: exp_name=vfio_pci_core',
      'dma_buf_put: exp_name=vfio_pci_core',
    ])
    expect(facts).toMatchObject({ malformed: 1 })
    expect(facts.samples[0]).toMatchObject({ text: '[...]', reason: expect.stringContaining('left out') })
    expect(notes).toEqual([{ kind: 'unread', line: facts.samples[0]!.line, lines: 1, beforeEvent: 2 }])
  })

  const EVENT = '            tool-167     [000] ...1.    44.299582: dma_buf_export: exp_name=udmabuf size=1 ino=7'

  it.each([
    ['a damaged line among prose', `\n\nfoo\ntool-167 [00X] ...1. 44.299582: dma_buf_put: ino=7\nbar`, 1],
    ['a line between events', `\n>garbage\n${EVENT}`, 1],
    ['prose right below a line that may be wrapped', '\nso it was.', 1],
    ['fields behind a blank line', '\n\nfd=7 x=9', 1],
    ['prose behind a blank line', '\n\nfine so far', 0],
    ['a signature', '\n\n-- \nKent', 0],
  ])('%s', async (_, text, malformed) => {
    const { facts } = await readWhole(Buffer.from(`${EVENT}${text.replace('>', '')}\n`), { format: 'mail/ftrace-text' })
    expect(facts.malformed).toBe(malformed)
  })

  it('format=flowed: what a blank at the end says is the rest, whatever its words', async () => {
    const head = 'From: a@b\nContent-Type: text/plain; format=flowed\n\n'
    const { events } = await readWhole(Buffer.from(`${head}> ${EVENT} \n> and words\n`), { format: 'mail/ftrace-text' })
    expect(events[0]).toMatch(/ino=7 and words$/)
  })

  it('multi-line text of a marker keeps its meaning', async () => {
    const marker = '            tool-1       [000] .....    10.000001: tracing_mark_write: one'
    const { facts, events } = await readWhole(Buffer.from(`${marker}\ntwo\n${EVENT}\n`), { format: 'mail/ftrace-text' })
    expect(facts).toMatchObject({ events: 2, structural: 1, malformed: 0 })
    expect(events[0]).toMatch(/one( two)?$/)
  })

  it('what continues an ignored event is ignored with it', async () => {
    const [first, rest] = caseLines('mail-wrapped')
    const ignore = (name: string) => name === 'map'
    const content = Buffer.from(`${EVENT}\n${first}${rest}`)
    const { facts, events } = await readWhole(content, { format: 'mail/ftrace-text', ignore })
    expect(facts).toMatchObject({ events: 1, ignored: 1, structural: 1 })
    expect(events[0]).toMatch(/ino=7$/)
  })

  it.each([
    ['text/html', '7bit', '<pre>tool-1 [000]</pre>', 'mail-html'],
    ['text/plain', 'base64', Buffer.from(EVENT).toString('base64'), 'mail-base64'],
    ['text/plain', '7bit', 'no trace here', 'not-a-trace'],
  ])('a body of %s in %s is refused', (type, encoding, body, code) => {
    const head = `From: a@b\nContent-Type: ${type}\nContent-Transfer-Encoding: ${encoding}\n\n`
    expect(detectLayout(Buffer.from(`${head}${body}\n`))).toMatchObject({ kind: 'refused', code })
  })

  it('a trace of the kernel with a damaged line or two is no mail', () => {
    const trace = `# tracer: nop\n#\n${`${EVENT}\n`.repeat(5)}`
    for (const damage of ['> ', 'garbage x=1\n', '>'])
      expect(detectLayout(Buffer.from(`${trace}${damage}${EVENT}\n`))).toEqual({
        kind: 'layout',
        format: 'ftrace-text',
      })
  })

  it('a trace in a mail that could not be read alone is refused for the same reason', () => {
    const head = 'From: a@b\nSubject: raw\n\n'
    expect(detectLayout(Buffer.from(`${head}> 34 1 13833568039 type: 1371\n`)).kind).toBe('refused')
  })
})

describe('pages and atrace', () => {
  it('systrace with three sections', async () => {
    const { facts, events } = await ingest(sample('systrace.html'))
    expect(facts).toMatchObject({ format: 'systrace-html', events: 4, malformed: 0, tracer: 'nop', cpus: 8 })
    expect(events[0]).toMatch(
      /^28: kworker\/u17:1-27153 \(27153\) \[2\] 28306025757000 dma_fence_signaled: .*seqno=60437$/,
    )
  })

  it('old systrace: a string of JavaScript', async () => {
    const { facts, events } = await ingest(sample('systrace-js.html'))
    expect(facts).toMatchObject({ format: 'systrace-html', events: 2, malformed: 0, tracer: 'nop' })
    expect(events[1]).toMatch(/B\|9304\|a "quoted" C:\\name$/)
  })

  it.each([
    ['<!DOCTYPE html>\n<p>hello</p>\n', 'html'],
    ['<html><script id="viewer-data" type="application/octet-stream">H4sI</script>\n', 'systrace-compressed'],
    ['capturing trace... done\nTRACE:\n\x78\x9c\x01\x02', 'atrace-compressed'],
    ['{"traceEvents":[{"ph":"X","ts":1}]}\n', 'trace-event-json'],
  ])('%j is refused as %s', (content, code) => {
    expect(detectLayout(Buffer.from(content, 'latin1'))).toMatchObject({ kind: 'refused', code })
  })

  it('atrace: noise before the trace is structural, a damaged line in it is not', async () => {
    const event = '           <...>-882   (  882) [003] .... 10852.771186: sched_waking: comm=a pid=1'
    const { facts } = await ingest(Buffer.from(`capturing trace... done\nTRACE:\n# tracer: nop\n${event}\nrubbish\n`))
    expect(facts).toMatchObject({ format: 'atrace', events: 1, malformed: 1, structural: 3 })
  })

  it.each(['TRACE:\n', '# TRACE:\n'])('%j alone is kernel text without events', (content) => {
    expect(detectLayout(Buffer.from(content))).toEqual({ kind: 'layout', format: 'ftrace-text' })
  })
})

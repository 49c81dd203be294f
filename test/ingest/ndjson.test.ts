import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detectLayout } from '../../ingest/detect-layout.ts'
import { parseLine } from '../../ingest/parse-line.ts'
import { readWhole, sumsHold } from './read-whole.ts'

const sample = (name: string) => readFileSync(new URL(`../fixtures/wrapped/${name}`, import.meta.url))
const line = (value: unknown) => Buffer.from(`${JSON.stringify(value)}\n`)

function event(text: string | Buffer) {
  const found = parseLine(Buffer.from(text), 'ndjson')
  if (found.kind !== 'event') throw new Error(JSON.stringify(found))
  return found
}

function reason(text: string) {
  const found = parseLine(Buffer.from(text), 'ndjson')
  return found.kind === 'malformed' ? found.reason : found.kind
}

describe('NDJSON', () => {
  it('the sample: header, events, and what is wrong with the others', async () => {
    const content = sample('events.ndjson')
    expect(detectLayout(content)).toEqual({ kind: 'layout', format: 'ndjson' })
    const whole = await readWhole(content, { format: 'ndjson' })
    expect(sumsHold(whole)).toBe(true)
    expect(whole.facts).toMatchObject({ clock: 'boot', kernel: '7.3.4', host: 'lab-7', events: 4, structural: 2 })
    expect(whole.events).toEqual([
      '2: tool-167 (160) [0] 44299582001 dma_buf_export: exp_name=vfio_pci_core size=16384 ino=7',
      '3: tool-167 (-1) [0] 44303976000 dma_buf_fd: exp_name=vfio_pci_core size=16384 ino=7 fd=9',
      '4: undefined--1 (-1) [-1] 9223372036854775807 iommu:map: iova=18446744073709551615 note="two words" empty="" list={1,2} yes=1',
      '6: undefined--1 (-1) [-1] 44303976001 quiet: ',
    ])
    expect(whole.facts.samples.map(({ line, reason }) => [line, reason.split(/[,:(]/)[0]!.trim()])).toEqual([
      [7, 'no "event"'],
      [8, 'no "ts_ns"'],
      [9, 'a field has the wrong type'],
      [10, 'a field has the wrong type'],
      [11, 'not a JSON object on one line'],
    ])
  })

  it.each([
    ['{"ts_ns":9007199254740993,"event":"a"}', 9007199254740993n],
    ['{"ts_ns":"9223372036854775807","event":"a"}', 9223372036854775807n],
    ['{"ts":0.1,"event":"a"}', 100_000_000n],
    ['{"ts":1795337014.497359001,"event":"a"}', 1795337014497359001n],
    ['{"ts":"3","name":"a"}', 3_000_000_000n],
  ])('%s is at %s ns: no digit goes through a floating-point number', (text, time) => {
    expect(event(text).time).toBe(time)
  })

  it.each([
    '{"ts_ns":9223372036854775808,"event":"a"}',
    '{"ts_ns":-1,"event":"a"}',
    '{"ts_ns":1.5,"event":"a"}',
    '{"ts":1e3,"event":"a"}',
    '{"ts":1.0000000001,"event":"a"}',
    '{"ts":9223372037,"event":"a"}',
  ])('%s has no time that can be kept', (text) => {
    expect(reason(text)).toMatch(/no "ts_ns"/)
  })

  it.each([
    ['{"ts":1}', /no "event"/],
    ['{"ts":1,"event":""}', /no "event"/],
    ['{"ts":1,"event":"a","pid":2147483648}', /wrong type/],
    ['{"ts":1,"event":"a","comm":7}', /wrong type/],
    ['{"ts":1,"event":"a","data":{}}', /wrong type/],
    ['{"ts":1,"event":"a","fields":[1]}', /wrong type/],
    ['{"ts":1,"event":"a","fields":{},"data":"x"}', /wrong type/],
    ['{"ts":1,"event":"a","fields":{"l":[[1]]}}', /wrong type/],
    ['{"revenant":2}', /version other than 1/],
    ['[1]', /not a JSON object/],
    ['{"ts":1,', /not a JSON object/],
  ])('%s is malformed', (text, words) => {
    expect(reason(text)).toMatch(words)
  })

  it('a clock that counts something else makes the times ticks', async () => {
    const content = Buffer.from('{"revenant":1,"clock":"counter"}\n{"ts_ns":5,"event":"a"}\n')
    expect((await readWhole(content, { format: 'ndjson' })).facts).toMatchObject({ clock: 'counter', ticks: true })
  })

  it('any record is itself again', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 })
    const int32 = fc.option(fc.integer({ min: 0, max: 2 ** 31 - 1 }))
    const record = fc.record({
      ts_ns: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
      cpu: int32,
      pid: int32,
      tgid: int32,
      comm: fc.option(text),
      event: text.filter((name) => name !== ''),
      data: text,
    })
    fc.assert(
      fc.property(record, fc.boolean(), ({ ts_ns, ...rest }, quoted) => {
        const { ts_ns: _, ...kept } = { ts_ns, ...rest }
        const members = JSON.stringify(kept).slice(1)
        const found = event(`{"ts_ns":${quoted ? `"${ts_ns}"` : ts_ns},${members}`)
        const { time, cpu, pid, tgid, comm, name, payload } = found
        expect({ ts_ns: time, cpu, pid, tgid, comm, event: name, data: payload }).toEqual({ ts_ns, ...rest })
      }),
      { numRuns: 500 },
    )
  })

  it('escapes: NUL, line feeds and quotes are in the payload, not in the way', async () => {
    const whole = await readWhole(line({ ts_ns: 1, event: 'a', data: 'one\ntwo\0"three"\\' }), { format: 'ndjson' })
    expect(whole.events).toEqual(['1: undefined--1 (-1) [-1] 1 a: one\ntwo\0"three"\\'])
  })
})

describe('bpftrace -f json', () => {
  it('takes the events out of printf, and knows what was lost', async () => {
    const content = sample('bpftrace.json')
    expect(detectLayout(content)).toEqual({ kind: 'layout', format: 'bpftrace-json' })
    const { facts, events, notes } = await readWhole(content, { format: 'bpftrace-json' })
    expect(facts).toMatchObject({ lines: 9, events: 2, malformed: 1, structural: 6, clock: 'boot' })
    expect(events).toEqual([
      '4: tool-167 (-1) [0] 44299582001 dma_buf_export: exp_name=vfio_pci_core size=16384 ino=7',
      '6: tool-167 (-1) [0] 44303976000 dma_buf_fd: exp_name=vfio_pci_core size=16384 ino=7 fd=9',
    ])
    expect(notes).toEqual([
      { kind: 'lost', line: 5, cpu: -1, lost: 5n, beforeEvent: 1 },
      { kind: 'unread', line: 7, lines: 1, beforeEvent: 2 },
    ])
  })

  it('several events in one printf are malformed, not one event', async () => {
    const trace = '            tool-167     [000] ...1.    44.303976: a: b=1\n'
    const content = line({ type: 'printf', data: trace + trace })
    const { facts } = await readWhole(content, { format: 'bpftrace-json' })
    expect(facts).toMatchObject({ events: 0, malformed: 1 })
    expect(facts.samples[0]!.reason).toContain('several lines')
  })
})

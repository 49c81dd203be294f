import { describe, expect, it } from 'vitest'
import { detectLayout } from '../../ingest/detect-layout.ts'
import type { Format } from '../../ingest/layout.ts'
import { parseLine } from '../../ingest/parse-line.ts'
import { type LineCase, lineCases } from '../support/line-cases.ts'

const event = (line: string, format: Format) => {
  const found = parseLine(Buffer.from(line), format)
  if (found.kind !== 'event') throw new Error(JSON.stringify(found))
  const { comm, pid, tgid, cpu, flags, name, payload, time } = found
  return { comm, pid, tgid, cpu, flags, event: name, args: payload, time }
}

const wanted = ({ expect: { comm, pid, tgid, cpu, flags, event, args, ts_ns } }: LineCase) => ({
  ...{ comm, pid, tgid, cpu, flags, event, args },
  time: BigInt(ts_ns as number),
})

describe.each([
  ['trace-cmd', 'trace-cmd-report', 40],
  ['perf-script', 'perf-script', 5],
] as const)('one line of %s at a time', (file, format, count) => {
  const cases = lineCases(file).filter(({ kind }) => kind === 'event')

  it('has every case', () => expect(cases.length).toBe(count))

  it.each(cases)('$id $layout: $why', (c) => {
    expect(event(c.line, format)).toEqual(wanted(c))
  })

  it.each(cases)('$id alone in a file: $why', (c) => {
    const layout = detectLayout(Buffer.from(`${c.line}\n`))
    if (layout.kind === 'refused') throw new Error(layout.message)
    expect(event(c.line, layout.format)).toEqual(wanted(c))
  })
})

it('counts of a clock are ticks, whether a blank separates them or not', () => {
  for (const time of [
    '[003]630659230531083',
    '[003] 630659230531083',
    '[003] ...1.287790886302',
    '[003] d..12287790886302',
  ]) {
    const found = parseLine(Buffer.from(`           sdma0-199   ${time}: a:   b=1`), 'trace-cmd-report')
    expect(found).toMatchObject({ kind: 'event', ticks: true, name: 'a', payload: 'b=1' })
  }
})

it('says why a line is not one of them', () => {
  const reason = (line: string, format: Format) => {
    const found = parseLine(Buffer.from(line), format)
    return found.kind === 'malformed' ? found.reason : found.kind
  }
  expect(reason(' gid=4', 'trace-cmd-report')).toContain('no task-pid')
  expect(reason('  foo-1  [000] 0.01: cpu_idle', 'trace-cmd-report')).toContain('no event name')
  expect(reason('  foo-1  [00X] 0.01: cpu_idle: a=1', 'trace-cmd-report')).toContain('no [cpu]')
  expect(reason('            tool     117 [000]    15.39427:    a:b: c', 'perf-script')).toContain('no time')
  expect(reason('            tool     117 [000]    15.394273:    a:b c', 'perf-script')).toContain('no event name')
})

describe('lines around the events', () => {
  const structure = (line: string, format: Format) => {
    const found = parseLine(Buffer.from(line), format)
    return found.kind === 'structural' ? found.structure : found
  }

  it.each([
    ['cpus=2', { kind: 'header' }],
    ['version = 6', { kind: 'header' }],
    ['CPU 3 is empty', { kind: 'header' }],
    ['          host.dat: cpus=4', { kind: 'header' }],
    ['CPU:1 [204600 EVENTS DROPPED]', { kind: 'lost', cpu: 1, lost: 204600n }],
    ['CPU:2 [EVENTS DROPPED]', { kind: 'lost', cpu: 2, lost: null }],
    ['  a: b.dat: CPU:2 [EVENTS DROPPED]', { kind: 'lost', cpu: 2, lost: null }],
    ['           CPU:2 [7 EVENTS DROPPED]', { kind: 'lost', cpu: 2, lost: 7n }],
    ['CPU:0 [SUBBUFFER START]', { kind: 'header' }],
    ['CPU:0 [SUBBUFFER START] [59524097:0x1000]', { kind: 'header' }],
    ['=> dma_buf_export (ffffffff86de335b)', { kind: 'frame' }],
    ['           <...>-235   [000] ...1.    88.720759: kernel_stack:         <stack trace >', { kind: 'stack-marker' }],
  ])('trace-cmd: %j', (line, want) => {
    expect(structure(line, 'trace-cmd-report')).toEqual(want)
  })

  it.each([
    ['# hostname : lab', { kind: 'header' }],
    ['\tffffffffb7fe335b dma_buf_export+0x27b ([kernel.kallsyms])', { kind: 'frame' }],
    ['\t          432cdb __ioctl+0x3b (/host/tool)', { kind: 'frame' }],
    ['\t [unknown] ([unknown])', { kind: 'frame' }],
    ['            tool     126 [001]    44.727953: PERF_RECORD_LOST lost 12', { kind: 'lost', cpu: 1, lost: 12n }],
    ['            tool     126    44.727953: PERF_RECORD_LOST lost 12', { kind: 'lost', cpu: -1, lost: 12n }],
    ['  tool 126 [001] 44.727953: PERF_RECORD_LOST_SAMPLES lost 3', { kind: 'lost', cpu: 1, lost: 3n }],
    ['LOST 123 events!', { kind: 'lost', cpu: -1, lost: 123n }],
    ['            tool     126 [001]    44.727953: PERF_RECORD_COMM exec: tool:126/126', { kind: 'header' }],
    ['            tool     126 [001]    44.727953: PERF_RECORD_MMAP2 126/126: [0x40(0x1) @ 0]', { kind: 'header' }],
  ])('perf script: %j', (line, want) => {
    expect(structure(line, 'perf-script')).toEqual(want)
  })

  it('a task whose name begins with a tab is no frame of a call chain', () => {
    expect(event('\ttab     126 [000]    44.727953: dma_buf:dma_buf_put: ino=2', 'perf-script').comm).toBe('\ttab')
  })
})

import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { detectLayout } from '../../ingest/detect-layout.ts'
import { LineKind, UNKNOWN } from '../../src/domain/record.ts'
import { countKind, fixture, LAYOUTS_DIR, readWhole, sumsHold } from './read-whole.ts'

/** Layout, lines, events; whatever is neither is structural. */
const COUNTS: Record<string, [format: string, lines: number, events: number]> = {
  'TC_default.txt': ['trace-cmd-report', 43, 42],
  'TC_R.txt': ['trace-cmd-report', 43, 42],
  'TC_l.txt': ['trace-cmd-report', 43, 42],
  'TC_t.txt': ['trace-cmd-report', 43, 42],
  'TC_tsdiff.txt': ['trace-cmd-report', 43, 42],
  'TC_tsc.txt': ['trace-cmd-report', 21, 20],
  'TC_fgraph.txt': ['trace-cmd-report', 61, 60],
  'TC_stack.txt': ['trace-cmd-report', 199, 20],
  'trace-cmd-6.12.report.txt': ['trace-cmd-report', 282, 281],
  'PERF_default.txt': ['perf-script', 49, 49],
  'PERF_ns.txt': ['perf-script', 49, 49],
  'PERF_header.txt': ['perf-script', 121, 49],
  'PERF_g.txt': ['perf-script', 191, 16],
  'D20-perf-script.txt': ['perf-script', 263, 263],
  'D20-perf-script-callgraph.txt': ['perf-script', 222, 26],
}

/**
 * Regular expressions of the domain reference, proved there on 53,600 lines: an oracle that shares no code with the
 * scanners.
 */
const TRACE_CMD =
  /^\s*(?<comm>.*?)-(?<pid>\d+)\s+(?:\[(?<cpu>\d{3,})\]|(?<cpuOfLatency>\d+)(?=[\w.]{4,8}\s))(?:-0x[0-9a-f]+)?\s*(?:[A-Za-z.][A-Za-z0-9.]{2,7}?(?=\s|\d{6,}:))?\s*(?<ts>\d+\.\d{6,9}|\d+): (?:\(\+\d+\)\s+| {9})?(?<name>[^\s:]+): *(?! |<stack trace)(?<rest>.*)$/
const PERF =
  /^\s*(?<comm>.*?)\s+(?:(?<tgid>\d+)\/)?(?<pid>\d+)\s+\[(?<cpu>\d{3,})\]\s+(?<ts>\d+\.\d{6,9}):\s+(?:\d+\s+)?(?<name>\w+:\w+): (?<rest>.*)$/

function oracle(name: string, text: string): string[] {
  return text.split('\n').flatMap((line, i) => {
    const found = (/^TC_|^trace-cmd/.test(name) ? TRACE_CMD : PERF).exec(line)?.groups
    if (!found) return []
    const { comm, pid, cpu, cpuOfLatency, ts, rest } = found
    const [whole, fraction] = ts!.split('.')
    const time = fraction === undefined ? BigInt(whole!) : BigInt(whole! + fraction.padEnd(9, '0'))
    return [`${i + 1}: ${comm}-${pid} (${UNKNOWN}) [${Number(cpu ?? cpuOfLatency)}] ${time} ${found.name}: ${rest}`]
  })
}

async function read(name: string) {
  const content = fixture(name)
  const layout = detectLayout(content)
  if (layout.kind === 'refused') throw new Error(`${name}: ${layout.message}`)
  return { content, format: layout.format, whole: await readWhole(content, { format: layout.format }) }
}

describe('what trace-cmd and perf print', () => {
  it('leaves no file of the folder out', () => {
    const files = readdirSync(LAYOUTS_DIR).filter((name) => /^(TC_|PERF_|D20|trace-cmd)/.test(name))
    expect(files.sort()).toEqual(Object.keys(COUNTS).sort())
  })

  it.each(Object.entries(COUNTS))('%s is accounted for to the line', async (name, [format, lines, events]) => {
    const found = await read(name)
    const { facts } = found.whole
    expect(facts.malformed, JSON.stringify(facts.samples)).toBe(0)
    expect([found.format, facts.lines, facts.events, facts.structural]).toEqual([format, lines, events, lines - events])
    expect(sumsHold(found.whole)).toBe(true)
    expect(countKind(found.whole, LineKind.structural)).toBe(lines - events)
  })

  it.each(Object.keys(COUNTS))('%s gives what the reference expression finds', async (name) => {
    const { content, whole } = await read(name)
    const expected = oracle(name, content.toString('latin1'))
    expect(expected.length).toBe(COUNTS[name]![2])
    expect(whole.events).toEqual(expected)
  })

  it('takes host, kernel and CPUs from the header that perf prints', async () => {
    const { whole } = await read('PERF_header.txt')
    // The machine had no name.
    expect(whole.facts).toMatchObject({ host: null, kernel: '7.3.4+deb13-amd64', cpus: 2, clock: null })
    const named = await readWhole(
      Buffer.from('# hostname : lab 1\n# os release : 6.1.0\n# clockid: monotonic_raw (4)\n# nrcpus online : 8\n'),
      { format: 'perf-script' },
    )
    expect(named.facts).toMatchObject({ host: 'lab 1', kernel: '6.1.0', clock: 'mono_raw', cpus: 8 })
  })

  it('counts of a clock are ticks', async () => {
    const { whole } = await read('TC_tsc.txt')
    expect(whole.facts.ticks).toBe(true)
    expect(whole.batches[0]!.time[0]).toBe(287790886302n)
  })

  it('reads merged files, whose lines begin with the name of theirs', async () => {
    const task = (comm: string) => `${comm.padStart(16)}-7     [001] ...1.    59.533858: dma_buf_put:          ino=1`
    const content = [
      'host.dat: cpus=2',
      ' vm1.dat: cpus=1',
      `host.dat: ${task('a: b')}`,
      ` vm1.dat: CPU:0 [2 EVENTS DROPPED]`,
      task('x-1 [000] 1.0'),
      `          ${task('top')}`,
    ].join('\n')
    const whole = await readWhole(Buffer.from(content), { format: 'trace-cmd-report' })
    expect(whole.facts).toMatchObject({ lines: 6, events: 3, structural: 3 })
    expect(whole.events.map((event) => /: (.*)-7/.exec(event)![1])).toEqual(['a: b', 'x-1 [000] 1.0', 'top'])
    expect(whole.notes).toEqual([{ kind: 'lost', line: 4, cpu: 0, lost: 2n, beforeEvent: 1 }])
    expect(detectLayout(Buffer.from(content))).toEqual({ kind: 'layout', format: 'trace-cmd-report' })
  })

  it('lets a marker have more lines than one', async () => {
    const content = [
      'cpus=1',
      '              ls-4734  [002] 106439.675571: print:                tracing_mark_write: fig: cpu=0',
      ' gid=4',
      '              ls-4734  [002] 106439.675572: console:              [drm] 1',
      'and more',
      '              ls-4734  [002] 106439.675573: dma_buf_put:          ino=4',
      ' gid=4',
    ].join('\n')
    const whole = await readWhole(Buffer.from(`${content}\n`), { format: 'trace-cmd-report' })
    expect(whole.facts).toMatchObject({ events: 3, structural: 3, malformed: 1 })
    const perf = [
      '            tool     126 [001]    44.727953:    printk:console: a',
      'b',
      '            tool     126 [001]    44.727954: dma_buf:dma_buf_put: ino=2',
      'b',
    ].join('\n')
    const other = await readWhole(Buffer.from(`${perf}\n`), { format: 'perf-script' })
    expect(other.facts).toMatchObject({ events: 2, structural: 1, malformed: 1 })
  })
})

describe('which layout it is', () => {
  const detected = (content: string) => detectLayout(Buffer.from(content))

  it.each(['cpus=2\n', 'cpus=2\nCPU 1 is empty\n', 'version = 6\n'])(
    'a report without events is one: %j',
    (content) => {
      expect(detected(content)).toEqual({ kind: 'layout', format: 'trace-cmd-report' })
    },
  )

  it('a header before the kernel text of a latency tracer makes no report of it', () => {
    const content = `cpus=2\n${fixture('V_latency.txt').toString('latin1')}`
    expect(detected(content)).toEqual({ kind: 'layout', format: 'ftrace-latency' })
  })

  it.each(
    readdirSync(LAYOUTS_DIR).filter((name) => /^(?:V_(?!fgraph|nocontext|opt_raw)|D05h|I5|73|61).*txt$/.test(name)),
  )('%s is of the kernel, with its header or without', (name) => {
    const text = fixture(name).toString('latin1')
    for (const content of [text, text.replace(/^#.*\n/gm, '')]) {
      if (!/\d/.test(content)) continue
      expect(detectLayout(Buffer.from(content, 'latin1'))).toMatchObject({
        kind: 'layout',
        format: expect.stringMatching(/^ftrace-/),
      })
    }
  })
})

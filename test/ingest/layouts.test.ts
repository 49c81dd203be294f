import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { detectLayout } from '../../ingest/detect-layout.ts'
import { describeEvents, fixture, LAYOUTS_DIR, readWhole, sumsHold } from './read-whole.ts'

/** Regular expression of the domain reference, proved there on 53,600 lines: an oracle that shares no code with the scanner. */
const CONTEXT =
  /^\s*(.*?)-(\d+)\s+(?:\((\s*\d+|-+)\)\s+)?\[(\d{3,})\]\s+(?:([A-Za-z0-9.]{3,8}?)(?=\s)\s*)?(\d+\.\d{6}|\d+): (.*)$/
const NAME = /^(?:([^\s:]+): ?(.*)|(\S+) (<-.*)|UNKNOWN TYPE (\d+))$/

/** Lines, events, structural lines, entries the header counts in the buffer and as written, lost. */
type Counts = [lines: number, events: number, structural: number, entries: [number, number] | null, lost?: number]

const COUNTS: Record<string, Counts> = {
  'D05h-native-trace_pipe-lost-mono.txt': [1734, 1716, 18, null, 9090],
  'I5-fgraph-retval.txt': [501, 497, 4, null],
  'V_clock_boot.txt': [66, 54, 12, [54, 54]],
  'V_clock_counter.txt': [54, 42, 12, [42, 42]],
  'V_clock_tai.txt': [53, 41, 12, [41, 41]],
  'V_clock_x86-tsc.txt': [48, 36, 12, [36, 36]],
  // The trace went on while it was read: more lines than the header, printed first, says.
  'V_default.txt': [102, 90, 12, [84, 84]],
  'V_function.txt': [118, 106, 12, [106, 106]],
  'V_latency.txt': [72, 54, 18, [54, 54]],
  'V_latency_verbose.txt': [63, 54, 9, [54, 54]],
  'V_names.txt': [76, 64, 12, [64, 64]],
  'V_nohash.txt': [60, 48, 12, [48, 48]],
  'V_noirq.txt': [43, 37, 6, [37, 37]],
  'V_opt_fields.txt': [54, 42, 12, [42, 42]],
  'V_overrun.txt': [122, 109, 13, [109, 3271]],
  'V_pipe_lost.txt': [1500, 1492, 8, null, 2812],
  'V_stacktrace.txt': [869, 60, 809, [92, 92]],
  'V_tgid.txt': [54, 42, 12, [42, 42]],
  'V_trigstack.txt': [122, 90, 32, [86, 86]],
  'V_userstack.txt': [226, 90, 136, [174, 174]],
}

const REFUSED: Record<string, string> = {
  'V_fgraph.txt': 'graph-without-time',
  'V_nocontext.txt': 'no-context',
  'V_opt_raw.txt': 'raw-format',
}

function oracle(text: string): string[] {
  return text.split('\n').flatMap((line, i) => {
    const context = CONTEXT.exec(line)
    const named = context && NAME.exec(context[7]!)
    if (!context || !named) return []
    const [, commBytes, pid, tgid, cpu, , time] = context
    const comm = Buffer.from(commBytes!, 'latin1').toString('utf8')
    const ns = time!.includes('.') ? BigInt(time!.replace('.', '')) * 1000n : BigInt(time!)
    const name = named[1] ?? named[3] ?? 'UNKNOWN TYPE'
    const payload = named[2] ?? named[4] ?? named[5]
    const group = tgid === undefined || tgid.startsWith('-') ? -1 : Number(tgid)
    return [`${i + 1}: ${comm}-${pid} (${group}) [${Number(cpu)}] ${ns} ${name}: ${payload}`]
  })
}

async function read(name: string) {
  const content = fixture(name)
  const layout = detectLayout(content)
  if (layout.kind === 'refused') throw new Error(`${name}: ${layout.message}`)
  return { content, format: layout.format, whole: await readWhole(content, { format: layout.format }) }
}

describe('every layout that the kernel prints', () => {
  it.each(Object.entries(COUNTS))('%s is accounted for to the line', async (name, counts) => {
    const { whole } = await read(name)
    const { facts, notes } = whole
    const lost = notes.reduce((sum, note) => sum + (note.kind === 'lost' ? Number(note.lost) : 0), 0)
    const entries = notes.find((note) => note.kind === 'entries')
    const header: [number, number] | null = entries ? [Number(entries.inBuffer), Number(entries.written)] : null
    expect([facts.lines, facts.events, facts.structural, header, lost]).toEqual([...counts.slice(0, 4), counts[4] ?? 0])
    expect(facts.malformed, JSON.stringify(facts.samples)).toBe(0)
    expect(sumsHold(whole)).toBe(true)
    const written = fixture(name).toString('latin1').split('\n').length - 1
    expect(facts.lines).toBe(written)
  })

  it.each(Object.entries(REFUSED))('%s is refused: %s', (name, code) => {
    const refusal = detectLayout(fixture(name))
    expect(refusal).toMatchObject({ kind: 'refused', code })
    if (refusal.kind === 'refused') expect(refusal.advice).toContain('trace_options')
  })

  it('leaves no file of the folder out', () => {
    const files = readdirSync(LAYOUTS_DIR).filter((name) => /^(V_|D05h|I5)/.test(name))
    expect(files.sort()).toEqual([...Object.keys(COUNTS), ...Object.keys(REFUSED)].sort())
  })

  it.each(Object.keys(COUNTS).filter((name) => !/latency|fgraph/.test(name)))(
    '%s gives what the reference expression finds',
    async (name) => {
      const { content, whole } = await read(name)
      const expected = oracle(content.toString('latin1'))
      expect(expected.length).toBe(COUNTS[name]![1])
      expect(whole.events).toEqual(expected)
    },
  )

  it('gives the two latency layouts the same events at the same times', async () => {
    const plain = await read('V_latency.txt')
    const verbose = await read('V_latency_verbose.txt')
    expect(plain.format).toBe('ftrace-latency')
    expect(verbose.format).toBe('ftrace-latency-verbose')
    expect([plain.whole.facts.relativeTime, verbose.whole.facts.relativeTime]).toEqual([true, false])
    expect(verbose.whole.facts).toMatchObject({ kernel: '7.3.4+deb13-amd64', tracer: 'nop', cpus: 2 })
    const [a, b] = [plain.whole.batches[0]!, verbose.whole.batches[0]!]
    const printed = verbose.content.toString('latin1').matchAll(/\[([0-9a-f]{8})\] /g)
    expect([...b.time.subarray(0, 54)]).toEqual([...printed].map(([, hex]) => BigInt(`0x${hex}`) * 1000n))
    // Both columns are cut to microseconds, each for itself.
    const zero = b.time[0]! - a.time[0]!
    expect(
      [...a.time.subarray(0, 54)].filter((t, i) => b.time[i]! - zero - t !== 0n && b.time[i]! - zero - t !== 1000n),
    ).toEqual([])
    expect([...a.pid.subarray(0, 54)]).toEqual([...b.pid.subarray(0, 54)])
    expect([...a.cpu.subarray(0, 54)]).toEqual([...b.cpu.subarray(0, 54)])
    const named = (events: string[]) => events.map((event) => event.replace(/^.*?\] \d+ /, ''))
    expect(named(plain.whole.events)).toEqual(named(verbose.whole.events))
  })

  it('reads calls and the events between them from function_graph', async () => {
    const { whole, format } = await read('I5-fgraph-retval.txt')
    expect(format).toBe('ftrace-graph')
    expect(whole.events[0]).toBe('5: dbuflab-191 (-1) [0] 13769008000 funcgraph_entry: |  pcie_flr() {')
    expect(whole.events.at(-2)).toBe(
      '500: dbuflab-191 (-1) [0] 14329323000 funcgraph_exit: 2.053 us    |  } /* dma_buf_detach ret=0x37 */',
    )
    expect(whole.events.at(-1)).toBe(
      '501: dbuflab-191 (-1) [0] 14329324000 dma_buf_put: exp_name=vfio_pci_core size=65536 ino=23',
    )
    const names = whole.events.map((event) => /\] \d+ (\S+?):/.exec(event)![1])
    const text = fixture('I5-fgraph-retval.txt').toString('latin1')
    expect(names.filter((name) => name === 'funcgraph_entry').length).toBe(text.match(/\(\)( \{|;)/g)!.length)
    expect(names.filter((name) => name === 'funcgraph_exit').length).toBe(text.match(/\| {2} *\}/g)!.length)
  })

  it('reads times of every clock exactly', async () => {
    const tai = await read('V_clock_tai.txt')
    expect(tai.whole.batches[0]!.time[0]).toBe(1795337014497359000n)
    const tsc = await read('V_clock_x86-tsc.txt')
    expect(tsc.whole.facts.ticks).toBe(true)
    expect(tsc.whole.batches[0]!.time[0]).toBe(66047225245n)
    expect((await read('V_clock_boot.txt')).whole.facts.ticks).toBe(false)
  })

  it('notes where CPUs begin and what was lost, before the event that follows', async () => {
    const overrun = await read('V_overrun.txt')
    expect(overrun.whole.notes).toContainEqual({ kind: 'buffer-started', line: 15, cpu: 0, beforeEvent: 2 })
    const pipe = await read('D05h-native-trace_pipe-lost-mono.txt')
    expect(pipe.whole.notes[0]).toEqual({ kind: 'lost', line: 1, cpu: 1, lost: 145n, beforeEvent: 0 })
    expect(pipe.whole.notes[1]).toEqual({ kind: 'lost', line: 6, cpu: 0, lost: 662n, beforeEvent: 4 })
  })
})

describe('traces with a known truth', () => {
  const known = readdirSync(LAYOUTS_DIR).filter((name) => name.endsWith('.expected.json'))

  it.each(known)('%s', async (name) => {
    const { events, structural, malformed } = JSON.parse(fixture(name).toString()).lines
    const { whole } = await read(name.replace('.expected.json', '.txt'))
    expect(whole.facts).toMatchObject({ events, structural, malformed, lines: events + structural + malformed })
    expect(describeEvents(whole.batches[0]!, whole.batches[0]!.strings).length).toBe(events)
  })
})

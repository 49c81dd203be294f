/** KERNEL.md §5.1, R20: what stands between the events says which stretches of time they do not tell of. */
import { describe, expect, it } from 'vitest'
import type { ParserOptions } from '../../../ingest/trace-parser-state.ts'
import type { GapRow } from '../../../src/domain/read-model.ts'
import { createFold } from '../../../src/projection/fold.ts'
import { foldLineByLine, foldText } from '../../support/fold-file.ts'
import { foldInputs } from '../../support/fold-inputs.ts'
import { splitTrace } from '../../support/lines.ts'
import { parsed } from '../../support/parsed.ts'
import { by, event, lost, printTrace, type Step } from '../../support/printer.ts'
import { given } from '../../support/story.ts'
import { asPerfScript, reprint } from '../../support/tool-printer.ts'
import { attached, EXPORTER, exported, mapped, unmapped } from '../../support/trace.ts'

/** An event of a CPU, so many microseconds after 10 s. */
const on = (cpu: number, us: number) =>
  `            tool-100     [00${cpu}] ...1.    10.${String(us).padStart(6, '0')}: x: y`
const ns = (us: number) => 10_000_000_000n + BigInt(us) * 1000n
const HEAD = ['# tracer: nop', '#']

const bare = ({ cpu, fromNs, toNs, lost, reason }: GapRow) => ({ cpu, fromNs, toNs, lost, reason })

async function gapsOf(...lines: string[]) {
  return gapsRead({}, ...lines)
}

async function gapsRead(parsing: ParserOptions, ...lines: string[]) {
  const text = Buffer.from(`${[...HEAD, ...lines].join('\n')}\n`)
  const { gaps } = await foldText(text, {}, parsing)
  expect((await foldLineByLine(text, {}, parsing)).gaps).toEqual(gaps)
  return gaps.map(bare)
}

describe('events lost on a CPU', () => {
  const full = 'the ring buffer was full'

  it('are missing from its last event to its next one, whatever others say in between', async () => {
    expect(await gapsOf(on(1, 10), on(0, 20), 'CPU:1 [LOST 3 EVENTS]', on(0, 30), on(1, 40), on(1, 50))).toEqual([
      { cpu: 1, fromNs: ns(10), toNs: ns(40), lost: 3n, reason: full },
    ])
  })

  it('may be missing since ever where it had said nothing, and to the end where it says nothing more', async () => {
    expect(await gapsOf(on(0, 10), 'CPU:1 [LOST 3 EVENTS]', on(0, 20))).toEqual([
      { cpu: 1, fromNs: null, toNs: null, lost: 3n, reason: full },
    ])
  })

  it('are counted together until it speaks, and unknown where one of the losses is', async () => {
    const lost = async (...notes: string[]) => {
      const gaps = await gapsOf(on(1, 10), ...notes, on(1, 40))
      expect(gaps[0]).toMatchObject({ cpu: 1, fromNs: ns(10) })
      return gaps.map((gap) => gap.lost)
    }
    expect(await lost('CPU:1 [LOST 3 EVENTS]', 'CPU:1 [LOST 4 EVENTS]')).toEqual([7n])
    expect(await lost('CPU:1 [LOST 3 EVENTS]', 'CPU:1 [LOST EVENTS]')).toEqual([null])
    expect(await lost('CPU:1 [LOST EVENTS]', 'CPU:1 [LOST 3 EVENTS]')).toEqual([null])
    expect(await lost('CPU:1 [LOST 3 EVENTS]', on(1, 20), 'CPU:1 [LOST 4 EVENTS]')).toEqual([3n, 4n])
  })
})

describe('a gap', () => {
  /** The rows of gaps that are handed over with each event, as for a trace that is followed. */
  async function handedOver(...lines: string[]) {
    const fold = createFold({ ticks: false, options: {} })
    const told: ReturnType<typeof bare>[][] = []
    let events = 0
    const text = Buffer.from(`${[...HEAD, ...lines].join('\n')}\n`)
    for await (const { batch } of parsed(text, {}, { batchLines: 1, batchBytes: 16 * 1024, maxLine: 8 * 1024 })) {
      const { gaps } = fold.feed(batch, events)
      if (batch.count > 0) told.push(gaps.map(bare))
      events += batch.count
    }
    return [...told, fold.finish().gaps.map(bare)]
  }

  it('is handed over when it opens, grows and ends', async () => {
    const gap = { cpu: 1, fromNs: ns(10), toNs: null, reason: 'the ring buffer was full' }
    const lost = (many: number) => `CPU:1 [LOST ${many} EVENTS]`
    expect(await handedOver(on(1, 10), lost(3), on(0, 20), lost(4), on(0, 30), on(1, 40), on(1, 50))).toEqual([
      [],
      [{ ...gap, lost: 3n }],
      [{ ...gap, lost: 7n }],
      [{ ...gap, lost: 7n, toNs: ns(40) }],
      [],
      [],
    ])
  })

  it('of one CPU is not that of another whose number is like it, nor of all', async () => {
    expect(await gapsOf(on(2, 10), 'CPU:2 [LOST 3 EVENTS]', on(0, 20), on(2, 40))).toMatchObject([
      { cpu: 2, fromNs: ns(10), toNs: ns(40) },
    ])
  })
})

describe('an event that is only counted', () => {
  const ignore = { ignore: (name: string) => name === 'noise' }
  const noise = (cpu: number, us: number) => on(cpu, us).replace(': x: y', ': noise: y')
  const lost = 'CPU:1 [LOST 3 EVENTS]'
  const full = { cpu: 1, lost: 3n, reason: 'the ring buffer was full' }

  it('shows that its CPU was recording: a gap begins behind it and ends with it', async () => {
    expect(await gapsRead(ignore, on(1, 10), noise(1, 20), lost, noise(1, 30), on(1, 40))).toEqual([
      { ...full, fromNs: ns(20), toNs: ns(30) },
    ])
    expect(await gapsRead(ignore, noise(1, 5), on(1, 10), lost, noise(0, 30), on(1, 40))).toEqual([
      { ...full, fromNs: ns(10), toNs: ns(40) },
    ])
    expect(await gapsRead(ignore, noise(1, 5), lost, noise(1, 30), on(0, 40))).toEqual([
      { ...full, fromNs: ns(5), toNs: ns(30) },
    ])
  })

  it('ends a gap of all CPUs, once', async () => {
    const unread = { cpu: null, lost: null, reason: 'line 5 is not understood' }
    const gaps = await gapsRead(ignore, on(0, 10), noise(1, 20), 'what is this', noise(1, 30), on(0, 40), on(1, 50))
    expect(gaps).toEqual([{ ...unread, fromNs: ns(20), toNs: ns(30) }])
  })
})

describe('a part of a recording', () => {
  it('says nothing certain of all of it', async () => {
    const partial = 'the file holds the events of one CPU'
    expect(await gapsRead({ partial }, on(0, 10), on(0, 20))).toEqual([
      { cpu: null, fromNs: null, toNs: null, lost: null, reason: partial },
    ])
  })
})

describe('a buffer that starts later', () => {
  it('says nothing of its CPU before', async () => {
    expect(await gapsOf(on(0, 10), '##### CPU 1 buffer started ####', on(1, 20), on(0, 30))).toEqual([
      { cpu: 1, fromNs: null, toNs: ns(20), lost: null, reason: 'the buffer of this CPU starts later than others' },
    ])
  })

  it('reaches back before a loss that was noted first', async () => {
    const gaps = await gapsOf(on(1, 10), 'CPU:1 [LOST 3 EVENTS]', '##### CPU 1 buffer started ####', on(1, 20))
    expect(gaps).toMatchObject([{ cpu: 1, fromNs: null, toNs: ns(20), lost: null }])
  })
})

describe('the header’s count', () => {
  const entries = (kept: number, written: number) => `# entries-in-buffer/entries-written: ${kept}/${written}   #P:4`
  const overwritten = 'overwritten: the header counts more events than the buffer still held'

  it('of more events written than kept: they were before the first', async () => {
    expect(await gapsOf(entries(2, 9), on(0, 10), on(1, 20))).toEqual([
      { cpu: null, fromNs: null, toNs: ns(10), lost: 7n, reason: overwritten },
    ])
    expect(await gapsOf(on(0, 10), entries(2, 9), on(1, 20))).toEqual([
      { cpu: null, fromNs: null, toNs: ns(10), lost: 7n, reason: overwritten },
    ])
  })

  it.each([2, 1])('of no more than kept: none is missing (%i)', async (written) => {
    expect(await gapsOf(entries(2, written), on(0, 10), on(1, 20))).toEqual([])
  })

  it('of a second input makes it a dump by itself: between it and what ended before, nothing was recorded', async () => {
    const input = (...lines: string[]) => ({
      format: 'ftrace-text' as const,
      text: `${[...HEAD, ...lines].join('\n')}\n`,
    })
    const merged = [input(on(0, 10), on(0, 20)), input(entries(2, 2), on(1, 40), on(1, 50))]
    const { gaps } = (await foldInputs(merged, null)).folded
    expect(gaps).toMatchObject([
      { cpu: null, fromNs: ns(20), toNs: ns(40), lost: null, reason: 'none of the merged inputs covers this time' },
    ])
    const lossy = [merged[0]!, input(entries(2, 9), on(1, 40), on(1, 50))]
    const { gaps: lost } = (await foldInputs(lossy, null)).folded
    expect(lost).toMatchObject([{ cpu: null, fromNs: null, toNs: ns(40), lost: 7n, reason: overwritten }])
  })

  it('of inputs that begin at once leaves nothing between them', async () => {
    const input = (...lines: string[]) => ({ format: 'ftrace-text' as const, text: `${lines.join('\n')}\n` })
    const one = input(...HEAD, entries(2, 2), on(0, 10), on(0, 20))
    const other = input(...HEAD, entries(2, 2), on(1, 15), on(1, 25))
    expect((await foldInputs([one, other], null)).folded.gaps).toEqual([])
  })

  it('is no dump by itself where a header without counts follows', async () => {
    const input = (...lines: string[]) => ({ format: 'ftrace-text' as const, text: `${lines.join('\n')}\n` })
    const { gaps } = (await foldInputs([input(...HEAD, on(0, 10)), input(...HEAD, on(1, 40))], null)).folded
    expect(gaps).toEqual([])
  })
})

describe('a line that is not understood', () => {
  it('may have been an event of any CPU, from the last to the next', async () => {
    expect(await gapsOf(on(0, 10), 'what is this', on(1, 20), on(0, 30))).toEqual([
      { cpu: null, fromNs: ns(10), toNs: ns(20), lost: null, reason: 'line 4 is not understood' },
    ])
  })

  it('is one gap with those around it', async () => {
    const reasons = async (...lines: string[]) => (await gapsOf(...lines)).map((gap) => gap.reason)
    expect(await reasons(on(0, 10), 'what', 'is', 'this', on(1, 20))).toEqual(['lines 4 to 6 are not understood'])
    expect(await reasons(on(0, 10), 'what', '#', 'is', on(1, 20))).toEqual(['line 4 is not understood'])
    expect(await reasons(on(0, 10), 'what', on(0, 15), 'is', on(1, 20))).toEqual([
      'line 4 is not understood',
      'line 6 is not understood',
    ])
  })

  it('before the first event proves nothing missing, and after the last one all that follows', async () => {
    expect(await gapsOf('what is this', on(0, 10))).toEqual([])
    expect(await gapsOf(on(0, 10), 'what is this')).toMatchObject([{ fromNs: ns(10), toNs: null }])
  })
})

describe('a line that is too long', () => {
  it('may have been an event of any CPU', async () => {
    const text = Buffer.from(`${[...HEAD, on(0, 10), 'x'.repeat(9000), on(1, 20)].join('\n')}\n`)
    const { gaps } = await foldLineByLine(text)
    const reason = 'line 4 is too long to be understood'
    expect(gaps.map(bare)).toEqual([{ cpu: null, fromNs: ns(10), toNs: ns(20), lost: null, reason }])
  })
})

describe('time stamps', () => {
  it('that run backwards make nothing certain, and that is said once', async () => {
    expect(await gapsOf(on(0, 30), on(0, 20), on(0, 40), on(0, 10))).toEqual([
      { cpu: null, fromNs: null, toNs: null, lost: null, reason: 'time stamps run backwards' },
    ])
  })

  it('that run backwards are said beside what was lost before', async () => {
    const gaps = await gapsOf(on(0, 10), 'CPU:0 [LOST 3 EVENTS]', on(0, 30), on(0, 20))
    expect(gaps.map(({ reason }) => reason)).toEqual(['the ring buffer was full', 'time stamps run backwards'])
  })

  it('in order are no gap, nor are equal ones', async () => {
    expect(await gapsOf(on(0, 10), on(1, 10), on(0, 20))).toEqual([])
  })
})

describe('what a thread is in the middle of', () => {
  const began = event('vfiodb_move', `(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core]) dev="${EXPORTER}" revoked=1`)
  const returned = event(
    'vfiodb_move_ret',
    '(vfio_pci_core_ioctl+0x60c/0xb80 [vfio_pci_core] <- vfio_pci_dma_buf_move)',
  )
  /** The return says neither of which device it is nor which way it went: that the entry is known shows in the state. */
  async function stateAfter(between: Step) {
    const { folded } = await given(exported())
      .when(by('vmm', 301, began, between, returned))
      .without('dbuf_inval', 'dbuf_inval_ret')
      .fold()
    return folded.buffers[0]!.state
  }
  const raw =
    (line: string): Step =>
    (print) =>
      print.raw(line)

  it('is forgotten where events of its CPU were lost, and of no other', async () => {
    expect(await stateAfter(() => {})).toBe('revoked')
    expect(await stateAfter(lost(1, 2))).toBe('revoked')
    expect(await stateAfter(lost(1))).toBe('live')
  })

  it('is forgotten where events of nobody knows which CPU were lost, and where its own CPU is not known', async () => {
    const steps = [exported(), by('vmm', 301, began, lost(1), returned)]
    const { lines } = printTrace(steps, new Set(['dbuf_inval', 'dbuf_inval_ret']))
    const told = async (marker: string, knowsCpu: boolean) => {
      const text = reprint(splitTrace(lines.join('\n')), asPerfScript())
        .toString()
        .replace(/^CPU:1 .*$/m, marker)
        .replaceAll(/ \[\d{3}\] /g, (cpu) => (knowsCpu ? cpu : ' '))
      const { buffers } = await foldText(Buffer.from(text), {}, { format: 'perf-script' })
      return buffers[0]!.state
    }
    expect(await told('LOST 3 events!', true)).toBe('live')
    expect(await told('CPU:1 [LOST 3 EVENTS]', false)).toBe('live')
    expect(await told('', false)).toBe('revoked')
  })

  it('is forgotten where a line is not understood, which may have been its own', async () => {
    expect(await stateAfter(raw('what is this'))).toBe('live')
    expect(await stateAfter(raw('# a comment'))).toBe('revoked')
  })
})

describe('a trace without threads', () => {
  /** As JSON, a line each, with or without the thread. */
  async function told(keeps: (key: string) => boolean) {
    const { lines } = printTrace([exported(), attached(), mapped(), unmapped()])
    const text = reprint(splitTrace(lines.join('\n')), ([, comm, pid, cpu, , ts, event, data]) =>
      JSON.stringify({
        ts,
        event,
        data,
        ...(keeps('cpu') ? { cpu: Number(cpu) } : {}),
        ...(keeps('pid') ? { comm, pid: Number(pid) } : {}),
      }),
    )
    const { gaps } = await foldText(text, {}, { format: 'ndjson' })
    return gaps.map(bare)
  }

  it('does not tell which return belongs to which entry: nothing is certain, and that is said once', async () => {
    const reason = 'which thread a probe fired in is not known, so neither is which return belongs to which entry'
    expect(await told((key) => key === 'cpu')).toEqual([{ cpu: null, fromNs: null, toNs: null, lost: null, reason }])
    expect(await told((key) => key === 'pid')).toEqual([])
  })
})

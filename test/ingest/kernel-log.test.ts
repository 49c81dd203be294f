import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alignConsoleLog } from '../../ingest/align/align-console-log.ts'
import { detectLayout } from '../../ingest/detect-layout.ts'
import { readBatches } from '../../ingest/read-batches.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import { type LineCase, lineCases } from '../support/line-cases.ts'
import { fixture, readWhole, sumsHold, type Whole } from './read-whole.ts'

const ROWS: LineCase[] = lineCases('kernel-log')

const SMALL = { batchLines: 2, batchBytes: 64 * 1024, maxLine: 16 * 1024 }

/** Reads text as its first lines say. */
async function read(text: string, more: object = {}): Promise<Whole & { remarks: string[] }> {
  const content = Buffer.from(text, 'latin1')
  const layout = detectLayout(content)
  if (layout.kind === 'refused') throw new Error(layout.message)
  const begin = { ...(layout.begin as object), ...more }
  const whole = await readWhole(content, { format: layout.format, begin })
  expect(sumsHold(whole)).toBe(true)
  const parser = createTraceParser({ format: layout.format, begin })
  for await (const _ of readBatches([content], parser, SMALL));
  return { ...whole, remarks: parser.remarks() }
}

const times = ({ batches }: Whole) => batches.flatMap(({ time, count }) => [...time.subarray(0, count)])
const texts = ({ events }: Whole) => events.map((event) => /console: (.*)$/.exec(event)?.[1])

describe('a line that is a whole file', () => {
  it.each(ROWS.filter(({ layout }) => layout === 'dmesg'))('$id $why', async ({ line, expect: { ts } }) => {
    const { facts, events, batches } = await read(`${line}\n`)
    expect(facts).toMatchObject({ format: 'dmesg', events: 1, lines: 1 })
    expect(events[0]).toMatch(/ console: \S/)
    expect(line.endsWith(texts({ events } as Whole)[0]!)).toBe(true)
    expect(facts.ticks).toBe(ts === undefined && !/\d\d:\d\d:\d\d/.test(line))
    if (ts !== undefined) expect(batches[0]!.time[0]).toBe(BigInt((ts as string).replace('.', '')) * 1000n)
  })

  it.each(ROWS.filter(({ layout, kind }) => layout === 'ftrace-dump' && kind === 'event'))(
    '$id $why',
    async ({ line, expect: { comm, pid, cpu, ts_ns, event, args } }) => {
      const { facts, events } = await read(`${line}\n`)
      expect(events).toEqual([`1: ${comm}-${pid} (-1) [${cpu}] ${ts_ns} ${event}: ${args}`])
      expect(facts.relativeTime).toBe(true)
      // Without a stamp it is a trace in the latency format, wherever it was printed.
      expect(facts.format).toBe(line.startsWith('[') ? 'ftrace-dump' : 'ftrace-latency')
    },
  )

  it.each(ROWS.filter(({ kind }) => kind.startsWith('dump_')))('$id $why', async ({ line }) => {
    expect((await read(`${line}\n`)).facts).toMatchObject({ format: 'ftrace-dump', structural: 1, events: 0 })
  })
})

describe('a kernel log', () => {
  it('is events named console, whose task and CPU are known where the line tells', async () => {
    const { events } = await read('[    1.000001][   T42] a\n[    1.000002][    C3] b\n[    1.000003] c\n')
    expect(events).toEqual([
      '1: undefined-42 (-1) [-1] 1000001000 console: a',
      '2: undefined--1 (-1) [3] 1000002000 console: b',
      '3: undefined--1 (-1) [-1] 1000003000 console: c',
    ])
  })

  it('leaves aside what is not the kernel speaking', async () => {
    const whole = await read(
      'GRUB loading.\n[    1.000000] Linux version 7.3.4-x (y)\n\n[  OK  ] Started sshd.\nlogin: \n[    2.000000] b\n',
    )
    expect(texts(whole)).toEqual(['Linux version 7.3.4-x (y)', 'b'])
    expect(whole.facts).toMatchObject({ kernel: '7.3.4-x', structural: 4, malformed: 0 })
  })

  it('finds a stamp behind what somebody else wrote to the line', async () => {
    const whole = await read('[    1.000000] a\nlogin: [    2.000000] b [    9.000000] c\n')
    expect(texts(whole)).toEqual(['a', 'b [    9.000000] c'])
    expect(times(whole)).toEqual([1_000_000_000n, 2_000_000_000n])
  })

  it('reads journals: host, boot, and other programs left aside', async () => {
    const whole = await read(
      [
        '-- Boot 0123456789abcdef0123456789abcdef --',
        'May 23 22:59:46 mesquite kernel: a',
        'May 23 22:59:46 mesquite systemd[1]: kernel: not the kernel',
        '                                 and its next line',
        'May 23 22:59:47 mesquite kernel: b',
        'May 23 22:59:48 other kernel: c',
      ].join('\n'),
    )
    expect(texts(whole)).toEqual(['a', 'b'])
    expect(whole.facts).toMatchObject({ host: 'mesquite', bootId: '0123456789abcdef0123456789abcdef', clock: null })
    expect(whole.remarks).toEqual([
      expect.stringContaining('1 kernel log line of other hosts'),
      'its times name no year: they count from 1970',
      'its times name no zone: they are taken for UTC',
    ])
  })

  it('reads monotonic journals, whose every line names a program', async () => {
    const whole = await read('[    1.000000] box kernel: a\n[    2.000000] box systemd[1]: b\n')
    expect(texts(whole)).toEqual(['a'])
    expect(whole.facts.host).toBe('box')
  })

  it.each([
    ['2024-05-23T22:59:46.500000+02:00 box kernel: a\n', 'realtime'],
    ['1618242865.934638 box kernel: a\n', 'realtime'],
    ['2024-05-23T22:59:46.500000 box kernel: a\n', null],
    ['[Mon Apr 29 04:30:06 2024] a\n', null],
    ['[    1.000000] a\n', null],
  ])('%j has the clock %s', async (text, clock) => {
    expect((await read(text)).facts.clock).toBe(clock)
  })

  it('goes by the kernel’s own stamp where syslog kept it, and never mixes the two', async () => {
    const whole = await read('May 23 22:59:46 box kernel: [    1.000000] a\nMay 23 22:59:47 box kernel: b\n')
    expect(texts(whole)).toEqual(['a'])
    expect(times(whole)).toEqual([1_000_000_000n])
    expect(whole.facts).toMatchObject({ malformed: 1 })
    expect(whole.facts.samples[0]!.reason).toMatch(/another clock/)
  })

  it('counts on into the next year, and not for a line that comes late', async () => {
    const whole = await read(
      ['Dec 31 23:59:59', 'Jan  1 00:00:01', 'Dec 31 23:59:58', 'Feb 29 00:00:00', 'Mar  1 00:00:00']
        .map((time) => `${time} box kernel: x`)
        .join('\n'),
    )
    const [a, b, , feb, mar] = times(whole)
    expect(b! - a!).toBe(2_000_000_000n)
    expect(mar! - feb!).toBe(86_400_000_000_000n)
  })

  it('adds up what reltime prints', async () => {
    const whole = await read('[Apr29 04:30] a\n[  +0.500000] b\n[  +0.000001] c\n', { style: 'wall' })
    const [a, b, c] = times(whole)
    expect([b! - a!, c! - b!]).toEqual([500_000_000n, 1_000n])
  })

  it('keeps the order of lines whose stamps waited for their turn', async () => {
    const whole = await read('[    1.045489] a\n[    0.034063] b\n[    1.368330] c\n')
    expect(times(whole)).toEqual([1_045_489_000n, 1_045_489_000n, 1_368_330_000n])
    expect(whole.notes).toEqual([])
  })

  it('begins another boot where stamps begin anew, and lets its times count on', async () => {
    const whole = await read('[    0.000000] a\n[  100.500000] b\n[    0.000000] Linux version 6.1\n[    2.000000] c\n')
    expect(times(whole)).toEqual([0n, 100_500_000_000n, 101_000_000_000n, 103_000_000_000n])
    expect(whole.notes).toEqual([{ kind: 'boot', line: 3, id: null, beforeEvent: 2 }])
    expect(whole.remarks).toEqual([expect.stringMatching(/2 boots, .* count on/)])
  })

  it('takes the boot from a journal that names it, once', async () => {
    const id = 'f'.repeat(32)
    const whole = await read(`[    5.000000] box kernel: a\n-- Boot ${id} --\n[    1.000000] box kernel: b\n`)
    expect(whole.notes).toEqual([{ kind: 'boot', line: 2, id, beforeEvent: 1 }])
    expect(times(whole)).toEqual([5_000_000_000n, 6_000_000_000n])
    expect(whole.facts.bootId).toBe(null)
  })

  it('reads records of /dev/kmsg, escapes and all', async () => {
    const whole = await read('6,1,1000000,-;pci 0000:00:01.0: a\\x09b\n SUBSYSTEM=pci\n DEVICE=+pci:0000:00:01.0\n')
    expect(texts(whole)).toEqual(['pci 0000:00:01.0: a\tb'])
    expect(whole.facts).toMatchObject({ structural: 2 })
  })

  it('counts lines where no line has a stamp', async () => {
    const whole = await read('AMD-Vi: Event logged [x]\n\nvfio-pci 0000:01:00.0: resetting\n')
    expect(times(whole)).toEqual([1n, 3n])
    expect(whole.facts.ticks).toBe(true)
  })
})

describe('a dump of the trace buffer in a kernel log', () => {
  const open = () => [fixture('G-console-oops-dump.txt')]
  const head = { style: 'boot', named: false } as const

  it('is aligned with the log by the lines that both hold', async () => {
    const { format, start } = await alignConsoleLog(open, head)
    expect(format).toBe('console-log')
    // 18.791381 - 11.421140: the fault of the write, in both.
    expect(start).toMatchObject({ log: true, dump: true, offset: '7370241000' })
    expect(start.alignment).toMatch(/by 3 lines .* within 436 us/)
  })

  it('gives every line its place', async () => {
    const { start } = await alignConsoleLog(open, head)
    const whole = await readWhole(open()[0]!, { format: 'console-log', begin: start })
    expect(sumsHold(whole)).toBe(true)
    const content = open()[0]!.toString('latin1').split('\n').slice(0, -1)
    const dumped = content.filter((line) => /^\[ *\d+\.\d{6}\] {0,8}\S+-\d+ +\d[^ ]{5} +\d+us : /.test(line))
    const logged = content.filter((line) => /^\[ *\d+\.\d{6}\] /.test(line) && !dumped.includes(line))
    const frames = logged.filter((line) => /\] (?:Dumping ftrace|-{33}| {3}\(ftrace buffer)/.test(line))
    const inDump = new Set(dumped.map((line) => line.split(' : console: ')[1]))
    const twice = logged.filter((line) => inDump.has(line.replace(/^\[ *\d+\.\d{6}\] /, '')))
    expect(start.duplicates.map((line) => content[line - 1])).toEqual(
      // Tracing is off behind the dump, and the log goes on.
      twice.filter((line) => line < '[   20.'),
    )
    expect(whole.facts).toMatchObject({
      lines: 422,
      malformed: 0,
      events: dumped.length + logged.length - frames.length - start.duplicates.length,
    })
    expect(whole.notes.filter((note) => note.kind === 'input')).toEqual([
      { kind: 'input', line: 56, input: 1, name: expect.stringContaining('aligned'), beforeEvent: 26 },
      { kind: 'input', line: 343, input: 0, name: 'kernel log', beforeEvent: expect.any(Number) },
    ])
  })

  it('never has a line of the dump later than it was printed', async () => {
    const { start } = await alignConsoleLog(open, head)
    const whole = await readWhole(open()[0]!, { format: 'console-log', begin: start })
    const content = open()[0]!.toString('latin1').split('\n')
    const batch = whole.batches[0]!
    for (let i = 0; i < batch.count; i++) {
      const line = content[batch.line[i]!]!
      const printed = BigInt(/^\[ *(\d+)\.(\d+)/.exec(line)!.slice(1).join('')) * 1000n
      if (line.includes('us : ')) expect(batch.time[i]).toBeLessThanOrEqual(printed)
    }
  })

  it('is read alone where nothing ties the clocks', async () => {
    const lone = open()[0]!.toString('latin1').replaceAll(' : console: ', ' : other: ')
    const { format, start } = await alignConsoleLog(() => [Buffer.from(lone, 'latin1')], head)
    expect({ format, start }).toMatchObject({ format: 'console-log', start: { log: false, dump: true, offset: null } })
    const { facts, remarks, notes } = await read(lone, start)
    expect(facts).toMatchObject({ relativeTime: true, events: 285 })
    expect(notes).toEqual([])
    expect(remarks).toEqual([
      expect.stringMatching(/^119 kernel log lines .* another clock .*printk:console.*--layout dmesg/),
    ])
  })

  it('is not there where it is empty', async () => {
    const empty = '[    1.000000] a\n[    2.000000] Dumping ftrace buffer:\n[    2.000001]    (ftrace buffer empty)\n'
    expect((await alignConsoleLog(() => [Buffer.from(empty)], head)).format).toBe('dmesg')
  })

  it('leaves a gap where others wrote into its lines', async () => {
    const content = open()[0]!.toString('latin1').split('\n')
    const at = content.findIndex((line) => line.includes(' db_unmap: '))
    content[at] = `${content[at]!.slice(0, 40)}[   19.820640] usb 1-1: hello`
    const { start } = await alignConsoleLog(open, head)
    const { facts, notes } = await read(content.join('\n'), start)
    expect(facts).toMatchObject({ malformed: 1 })
    expect(notes).toContainEqual(expect.objectContaining({ kind: 'unread', line: at + 1 }))
  })

  it('tells losses and frames from events, and other CPUs’ lines from the dump', async () => {
    const text = `${[
      '[    9.000000] a',
      '[   10.000000] Dumping ftrace buffer:',
      '[   10.000001] ---------------------------------',
      '[   10.000002] CPU:1 [LOST 12 EVENTS]',
      '[   10.000003]     bash-12        1d..2.  1000us : kernel_stack: <stack trace>',
      '[   10.000004]  => do_exit',
      '[   10.000005] vfio-pci 0000:01:00.0: resetting',
      '[   10.000006]     bash-12        1d..2.  1001us!: dl_server_stop <-dequeue_entities',
      '[   10.000007] ---------------------------------',
      '[   10.000008] => not a frame',
    ].join('\n')}\n`
    const whole = await read(text, { log: true, dump: true, offset: '5000000000' })
    expect(whole.events.map((event) => event.replace(/^.*?\] /, ''))).toEqual([
      '9000000000 console: a',
      '5001000000 kernel_stack: <stack trace>',
      '10000005000 console: vfio-pci 0000:01:00.0: resetting',
      '5001001000 dl_server_stop: <-dequeue_entities',
      '10000008000 console: => not a frame',
    ])
    expect(whole.notes.filter(({ kind }) => kind === 'lost')).toEqual([
      { kind: 'lost', line: 4, cpu: 1, lost: 12n, beforeEvent: 1 },
    ])
  })
})

const LINE = fc.oneof(
  fc
    .tuple(fc.nat(99_999), fc.constantFrom('resetting', 'Linux version 6.1', ' => f', 'CPU:0 [LOST 3 EVENTS]', ''))
    .map(([at, text]) => `[${String(at).padStart(5)}.000000] ${text}`),
  fc.nat(9_999_999).map((us) => `[   77.000000]   <idle>-0         0d.h1. ${us}us : console: resetting`),
  fc.constantFrom(
    '',
    'login:',
    '[   78.000000] Dumping ftrace buffer:',
    '[   78.000000] ---------------------------------',
    '-- Reboot --',
    'May 23 22:59:46 box kernel: x',
    'May 23 22:59:46 box sshd[1]: x',
  ),
  fc.string(),
)

describe('any lines', () => {
  it('are all accounted for, however they come in, and however often the reading is taken up again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(LINE, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 64 }),
        async (lines, chunk) => {
          const content = Buffer.from(lines.map((line) => line.replace(/\n/g, ' ')).join('\n'), 'latin1')
          const begin = { style: 'boot', log: true, dump: true, offset: '1000' }
          const whole = await readWhole(content, { format: 'console-log', begin })
          expect(sumsHold(whole)).toBe(true)
          const pieces = await readWhole(content, { format: 'console-log', begin, chunk, batchLines: 3 })
          expect({ events: pieces.events, facts: pieces.facts, kinds: pieces.kinds }).toEqual({
            events: whole.events,
            facts: whole.facts,
            kinds: whole.kinds,
          })
          expect(await resumed(content, begin)).toEqual(whole.facts)
        },
      ),
      { numRuns: 60 },
    )
  })
})

/** Reads with a new parser after each batch. */
async function resumed(content: Buffer, begin: object) {
  let parser = createTraceParser({ format: 'console-log', begin })
  let from = 0
  const strings: string[] = []
  while (from < content.length) {
    for await (const batch of readBatches([content.subarray(from)], parser, SMALL)) {
      strings.push(...batch.strings)
      from += batch.lineStart[batch.lineCount]!
      const state = JSON.parse(JSON.stringify(parser.state()))
      parser = createTraceParser({ resume: { state, strings: [...strings] } })
      break
    }
  }
  return parser.facts()
}

describe('lines that the log itself says are missing', () => {
  it.each([
    ['[   12.000001] vfio-pci 0000:01:00.0: resetting', '** 51 printk messages dropped **', '[   13.000001] x: y'],
    [
      'Jan 05 10:00:01 lab kernel: vfio-pci 0000:01:00.0: resetting',
      'Jan 05 10:00:02 lab systemd-journald[212]: Missed 51 kernel messages',
      'Jan 05 10:00:03 lab kernel: x: y',
    ],
  ])('%s', async (...lines) => {
    const whole = await read(`${lines.join('\n')}\n`)
    expect(whole.facts).toMatchObject({ lines: 3, malformed: 0 })
    expect(whole.notes).toMatchObject([{ kind: 'lost', line: 2, cpu: -1, lost: 51n }])
    expect(whole.events.length).toBe(2)
    expect(sumsHold(whole)).toBe(true)
  })
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseLine } from '../../ingest/parse-line.ts'

/** Names that forge what stands behind them; 15 bytes, as the kernel cuts them. The printer's own blanks cannot be told from leading ones. */
const FORGED = [
  '-1 [000] 1.0: a',
  'x-1 [000] ....',
  'a: b: c',
  '1 1.000000: a: ',
  'pid-99 [003] d.',
  '',
  '-',
  '-1',
  '\t',
  '(+1) a:',
  '1/2 [000] 3.0:',
]
const COMM = fc
  .oneof(
    fc.constantFrom(...FORGED),
    fc.array(fc.constantFrom(...' -:[]().01ax\t#=+é'), { maxLength: 15 }).map((all) => all.join('')),
  )
  .filter((comm) => Buffer.byteLength(comm) <= 15 && !comm.startsWith(' '))
const PID = fc.integer({ min: 0, max: 4_194_304 })
const CPU = fc.integer({ min: 0, max: 1023 })
const NS = fc.bigInt({ min: 0n, max: 10n ** 16n })
const NAME = fc.stringMatching(/^[a-z_][a-z_0-9]{0,30}$/)
const PAYLOAD = fc.stringMatching(/^[a-z=:[\]()-][ a-z0-9=:[\]().-]{0,40}$/)

const right = (text: string, width: number) => ' '.repeat(Math.max(0, width - Buffer.byteLength(text))) + text

function seconds(ns: bigint, places: 6 | 9): string {
  return `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n)
    .padStart(9, '0')
    .slice(0, places)}`
}

const exact = (ns: bigint, places: 6 | 9) => (places === 9 ? ns : (ns / 1000n) * 1000n)

it('trace-cmd report: every line is read as it was printed, whatever the task calls itself', () => {
  const variant = fc.record({
    places: fc.constantFrom(6 as const, 9 as const),
    flags: fc.constantFrom('.....', 'd..1.', 'dNh11', '...2', ''),
    latency: fc.boolean(),
    raw: fc.boolean(),
    diff: fc.constantFrom('', ' (+143)  ', ' (+-5)   ', '         '),
    prefix: fc.constantFrom(
      '',
      'a.dat: ',
      'b: c-1.dat: ',
      '  very-long-name-of-a-file.dat: ',
      '       ',
      ' '.repeat(24),
    ),
  })
  fc.assert(
    fc.property(COMM, PID, CPU, NS, NAME, PAYLOAD, variant, (text, pid, cpu, ns, name, payload, v) => {
      // With -l the name is cut to 8 bytes, and flags are always printed.
      const comm = v.latency ? text.replaceAll('é', 'e').slice(0, 8) : text
      const flags = v.raw ? '-0x1' : v.latency ? v.flags || '.....' : v.flags && ` ${v.flags}`
      const task = v.latency
        ? `${right(comm, 8)}-${String(pid).padEnd(5)} ${String(cpu).padStart(3)}`
        : `${right(comm, 16)}-${String(pid).padEnd(5)} [${String(cpu).padStart(3, '0')}]`
      const padding = `${name}: `.padEnd(22)
      const line = `${v.prefix}${task}${flags} ${right(seconds(ns, v.places), 12)}:${v.diff} ${padding}${v.raw ? ' ' : ''}${payload}`
      expect(parseLine(Buffer.from(line), 'trace-cmd-report'), line).toMatchObject({
        ...{ kind: 'event', comm, pid, cpu, name, payload, time: exact(ns, v.places), ticks: false },
      })
    }),
    { numRuns: 5000 },
  )
})

it('perf script: every line is read as it was printed, whatever the task calls itself', () => {
  const variant = fc.record({
    places: fc.constantFrom(6 as const, 9 as const),
    tgid: fc.option(PID, { nil: null }),
    onCpu: fc.boolean(),
    misc: fc.constantFrom('', 'K   ', 'd..1. '),
    period: fc.constantFrom('', '         1 ', '1234567890123 '),
    chain: fc.boolean(),
  })
  fc.assert(
    fc.property(COMM, PID, CPU, NS, NAME, NAME, PAYLOAD, variant, (comm, pid, cpu, ns, group, event, payload, v) => {
      const ids =
        v.tgid === null ? `${String(pid).padStart(7)} ` : `${String(v.tgid).padStart(7)}/${String(pid).padEnd(7)} `
      const where = v.onCpu ? `[${String(cpu).padStart(3, '0')}] ${v.misc}` : ''
      const name = `${group}:${event}`
      const task = v.chain ? comm : right(comm, 16)
      const line = `${task} ${ids}${where}${right(seconds(ns, v.places), 12)}: ${v.period}${name.padStart(24)}: ${payload}`
      expect(parseLine(Buffer.from(line), 'perf-script'), line).toMatchObject({
        ...{ kind: 'event', comm: v.chain && comm === '' ? null : comm, pid, tgid: v.tgid, cpu: v.onCpu ? cpu : null },
        ...{ name, payload, time: exact(ns, v.places), ticks: false },
      })
    }),
    { numRuns: 5000 },
  )
})

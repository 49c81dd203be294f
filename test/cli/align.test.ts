import { describe, expect, test } from 'vitest'
import type { IngestDocument } from '../../src/cli/ingest-document.ts'
import { exampleText, useWorkspace } from './workspace.ts'

const at = useWorkspace()
const OFFSET_US = 7_370_241n

interface Told {
  us: bigint
  text: string
}

/** What the trace saw of the kernel log, and on which clock. */
function consoleOf(trace: string): Told[] {
  return [...trace.matchAll(/ (\d+)\.(\d{6}): console: (.*)$/gm)].map(([, s, us, text]) => {
    return { us: BigInt(s!) * 1_000_000n + BigInt(us!), text: text! }
  })
}

function stamp(us: bigint): string {
  return `[${String(us / 1_000_000n).padStart(5)}.${String(us % 1_000_000n).padStart(6, '0')}]`
}

/** `dmesg` of the same boot, whose clock is another one: what the trace saw, and what came before and after it. */
function dmesgOf(trace: string, more: Told[] = []): string {
  return [{ us: 0n, text: 'Linux version 7.3.4' }, ...consoleOf(trace), ...more]
    .map(({ us, text }) => `${stamp(us === 0n ? 0n : us + OFFSET_US)} ${text}\n`)
    .join('')
}

const TRACE = exampleText('sysfs-reset')
const write = (name: string, text: string) => at.file(name, Buffer.from(text, 'latin1'))

describe('a trace and a kernel log of one boot', () => {
  test('are refused without --align: two clocks are not one', async () => {
    const { code, stderr } = await at.run(
      'ingest',
      '--merge',
      write('t.txt', TRACE),
      write('dmesg.txt', dmesgOf(TRACE)),
    )
    expect(code).toBe(3)
    expect(stderr.toString()).toMatch(/dmesg\.txt \(dmesg\) has another clock than t\.txt .*--align/s)
  })

  test('are put on the clock of the trace, and a line that both have is one event', async () => {
    const last = consoleOf(TRACE).at(-1)!.us
    const fault =
      'DMAR: [DMA Write NO_PASID] Request device [0000:02:00.0] fault addr 0xffff8000 [fault reason 0x05] PTE Write access is not set'
    const log = write('dmesg.txt', dmesgOf(TRACE, [{ us: last + 1000n, text: fault }]))
    const alone = await at.json<IngestDocument>('ingest', write('t.txt', TRACE))
    const { code, stdout, stderr } = await at.run('ingest', '--merge', '--align', write('t2.txt', TRACE), log, '--json')
    expect(stderr.toString()).toMatch(
      /dmesg\.txt: put on the clock of t2\.txt by \d+ kernel log lines .* \+ -7370241 us/,
    )
    expect(code).toBe(0)
    const merged = JSON.parse(stdout.toString()) as IngestDocument
    // The version and the fault: all else is told by the trace.
    expect(merged).toMatchObject({ capture: 2, events: alone.events + 2, malformed: 0, gaps: alone.gaps })
    const rows = await at.json<{ ts_ns: string; name: string; data: string }[]>('query', 'events', '-p', 'capture=2')
    const told = rows.filter(({ data }) => data === fault)
    expect(told.map(({ ts_ns, name }) => [ts_ns, name])).toEqual([[String((last + 1000n) * 1000n), 'console']])
    expect((await at.run('verify')).code).toBe(0)
  })

  test('of another boot is refused in words', async () => {
    const other = '[    1.000000] a\n[    2.000000] b\n[    3.000000] c\n'
    const { code, stderr } = await at.run('ingest', '--merge', '--align', write('t.txt', TRACE), write('o.txt', other))
    expect(code).toBe(3)
    expect(stderr.toString()).toMatch(/o\.txt cannot be put on the clock of t\.txt: .*no line is told/s)
  })

  test('--align without --merge is wrong usage', async () => {
    expect((await at.run('ingest', '--align', write('t.txt', TRACE))).code).toBe(2)
  })
})

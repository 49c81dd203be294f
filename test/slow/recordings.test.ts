/** The programs themselves: `.ci/run` installs them, and without them these tests fail. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { zstdDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Input } from '../../ingest/inputs/input.ts'
import { openInputs } from '../../ingest/inputs/open-inputs.ts'
import type { IngestDocument } from '../../src/cli/ingest-document.ts'
import { useWorkspace } from '../cli/workspace.ts'
import { canPack, drain } from '../ingest/inputs/packed.ts'

const at = useWorkspace()
const FIXTURES = join(import.meta.dirname, '../fixtures/recordings')
const fixture = (name: string) => join(FIXTURES, name)

async function textOf(path: string): Promise<{ text: string; found: Input['found'] }> {
  for await (const opened of openInputs(path, { stdin: Readable.from([]) })) {
    if (opened.kind !== 'input') throw new Error(JSON.stringify(opened))
    return { text: (await drain(opened.open(0))).toString('latin1'), found: opened.found }
  }
  throw new Error(`${path} stands for nothing`)
}

/** An event line as all versions of a program print it: padding and context flags differ. */
interface Line {
  task: string
  nanoseconds: bigint
  event: string
}

function linesOf(text: string, pattern: RegExp): Line[] {
  const lines: Line[] = []
  for (const line of text.split('\n')) {
    const match = pattern.exec(line)
    if (match === null) continue
    const { task, seconds, fraction, event } = match.groups as Record<string, string>
    const nanoseconds = BigInt(seconds!) * 1_000_000_000n + BigInt(fraction!.padEnd(9, '0'))
    lines.push({ task: task!, nanoseconds, event: event!.replace(/\s+/g, ' ') })
  }
  return lines
}

function expectSame(found: Line[], printed: Line[], most: bigint): void {
  expect(printed.length).toBeGreaterThan(200)
  expect(found.map(({ task, event }) => [task, event])).toEqual(printed.map(({ task, event }) => [task, event]))
  const far = found.filter(({ nanoseconds }, i) => {
    const apart = nanoseconds - printed[i]!.nanoseconds
    return apart > most || apart < -most
  })
  expect(far).toEqual([])
}

test('the programs that unpack are there', () => {
  expect(['xz', 'bzip2', 'lz4'].filter((name) => !canPack(name as 'xz'))).toEqual([])
})

describe('trace-cmd', () => {
  const REPORT = /^ *(?<task>\S.*-\d+) +\[\d+\](?: \S{5,7})? +(?<seconds>\d+)\.(?<fraction>\d{6,9}): (?<event>.*)$/

  test('a trace.dat is its report, to the nanosecond, with its clock and kernel', async () => {
    const { text, found } = await textOf(fixture('trace-cmd-6.12.dat.zst'))
    expect(found).toEqual({ clock: 'local', kernel: '6.12.95+deb12-amd64', host: null })
    const printed = readFileSync(fixture('trace-cmd-6.12.report.txt'), 'latin1')
    // The report rounds to microseconds.
    expectSame(linesOf(text, REPORT), linesOf(printed, REPORT), 500n)
    expect(linesOf(text, REPORT).some(({ nanoseconds }) => nanoseconds % 1000n !== 0n)).toBe(true)
  })

  test('version 6 of the format gives the same text', async () => {
    const seven = at.file('-7.dat', zstdDecompressSync(readFileSync(fixture('trace-cmd-6.12.dat.zst'))))
    const six = join(at.dir, '6.dat')
    execFileSync('trace-cmd', ['convert', '-i', seven, '-o', six, '--file-version', '6', '--compression', 'none'])
    expect(readFileSync(six).toString('latin1', 10, 11)).toBe('6')
    expect(await textOf(six)).toEqual(await textOf(seven))
  })

  test('a trace.dat that is cut is refused, though trace-cmd is content with it', async () => {
    const whole = zstdDecompressSync(readFileSync(fixture('trace-cmd-6.12.dat.zst')))
    const { code, stderr } = await at.run('ingest', at.file('cut.dat', whole.subarray(0, 1_000_000)))
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(/trace\.dat of trace-cmd, but trace-cmd finds nothing in it/),
    ])
  })

  test('its events are those of the report', async () => {
    const dat = await at.json<IngestDocument>('ingest', fixture('trace-cmd-6.12.dat.zst'))
    const report = await at.json<IngestDocument>('ingest', fixture('trace-cmd-6.12.report.txt'))
    const { capture, file, digest, clock, kernel, ...counts } = report
    expect(dat).toMatchObject(counts)
    expect(dat).toMatchObject({ clock: 'local', kernel: '6.12.95+deb12-amd64', malformed: 0 })
    const events = async (of: number) => {
      const rows = await at.json<{ type: string; comm: string; pid: number; data: unknown; ts_ns: string }[]>(
        'query',
        'events',
        '-p',
        `capture=${of}`,
      )
      return rows.map(({ ts_ns, type, comm, pid, data }) => [(BigInt(ts_ns) + 500n) / 1000n, type, comm, pid, data])
    }
    expect(await events(dat.capture)).toEqual(await events(capture))
  })
})

describe('perf', () => {
  const SCRIPT = /^ *(?<task>\S.*?) +(?:\d+\/)?\d+ +\[\d+\] +(?<seconds>\d+)\.(?<fraction>\d{6,9}): +(?<event>\S.*)$/

  test('a perf.data is its script, to the nanosecond, with its clock and kernel', async () => {
    const { text, found } = await textOf(fixture('perf-7.3.data.zst'))
    expect(found).toEqual({ clock: 'perf', kernel: '7.3.4+deb13-amd64', host: null })
    const printed = readFileSync(fixture('perf-7.3.script.txt'), 'latin1')
    // Symbols are known only where it was recorded: elsewhere the address stands in their place.
    const unnamed = (lines: Line[]) => lines.map((line) => ({ ...line, event: line.event.replace(/ inval=\S+/, '') }))
    // perf script cuts to microseconds.
    expectSame(unnamed(linesOf(text, SCRIPT)), unnamed(linesOf(printed, SCRIPT)), 999n)
  })

  test('a perf.data that perf cannot read is refused in its words', async () => {
    const whole = zstdDecompressSync(readFileSync(fixture('perf-7.3.data.zst')))
    const { code, stderr } = await at.run('ingest', at.file('p.data', whole.subarray(0, 300)))
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(/perf\.data of perf record, but perf ended with exit code \d+ \(.+\)/),
    ])
  })
})

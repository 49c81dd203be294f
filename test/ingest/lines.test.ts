import { describe, expect, it } from 'vitest'
import type { Format } from '../../ingest/layout.ts'
import { parseLine } from '../../ingest/parse-line.ts'
import { type LineCase, lineCases } from '../support/line-cases.ts'

const CASES: LineCase[] = lineCases('kernel')

const FORMATS: Record<string, Format> = { latency: 'ftrace-latency', 'latency-verbose': 'ftrace-latency-verbose' }

function read({ layout, line, expect: { encoding } }: LineCase) {
  return parseLine(Buffer.from(line, encoding === 'latin-1' ? 'latin1' : 'utf8'), FORMATS[layout])
}

function parts({ comm, pid, tgid, cpu, flags, event, args }: Record<string, unknown>) {
  return { comm, pid, tgid, cpu, flags, event, args }
}

const withContext = (c: LineCase) => c.expect.ts !== undefined && c.expect.ts !== null

describe('one line at a time, as the kernel prints it', () => {
  it.each(CASES.filter((c) => c.kind === 'event' && withContext(c)))('$id $layout: $why', (c) => {
    const found = read(c)
    if (found.kind !== 'event') throw new Error(JSON.stringify(found))
    expect(parts({ ...found, event: found.name, args: found.payload })).toEqual(parts(c.expect))
    if (c.expect.ts_unit === 'clock ticks') {
      expect(found.ticks).toBe(true)
      expect(found.time).toBe(BigInt(c.expect.ts as string))
    } else {
      expect(found.ticks).toBe(false)
      expect(found.time).toBe(BigInt(c.expect.ts_ns as number))
    }
    expect(found.relativeTime).toBe(c.expect.ts_relative === true)
  })

  it.each(CASES.filter((c) => c.kind === 'event' && !withContext(c)))('$id $layout has no time: $why', (c) => {
    const found = read(c)
    if (found.kind !== 'malformed') throw new Error(JSON.stringify(found))
    expect(parts({ ...found.event, event: found.event?.name, args: found.event?.payload })).toEqual(parts(c.expect))
  })

  it.each(CASES.filter((c) => c.kind === 'reject'))('$id is refused: $why', (c) => {
    expect(read(c)).toMatchObject({ kind: 'malformed', event: null })
  })

  it.each(CASES.filter((c) => ['header', 'stack', 'blank'].includes(c.kind)))('$id is structural: $why', (c) => {
    const kind = c.kind === 'stack' ? 'frame' : c.kind
    expect(read(c)).toEqual({ kind: 'structural', structure: { kind } })
  })

  it.each(CASES.filter((c) => c.kind === 'lost'))('$id says what was lost: $why', (c) => {
    const lost = c.expect.lost === null ? null : BigInt(c.expect.lost as number)
    expect(read(c)).toEqual({ kind: 'structural', structure: { kind: 'lost', cpu: c.expect.cpu, lost } })
  })

  it.each(CASES.filter((c) => ['fragment', 'continuation'].includes(c.kind)))('$id alone is no event: $why', (c) => {
    expect(read(c).kind).toBe('malformed')
  })

  it('covers every case of the file', () => {
    const kinds = ['event', 'reject', 'header', 'stack', 'blank', 'lost', 'fragment', 'continuation']
    expect(CASES.filter((c) => !kinds.includes(c.kind))).toEqual([])
    expect(CASES.length).toBe(125)
  })

  it('says what is wrong with a line, as deep as it could be read', () => {
    const reason = (line: string) => {
      const found = parseLine(Buffer.from(line))
      return found.kind === 'malformed' ? found.reason : found.kind
    }
    expect(reason('worker-badpid [001] .... 1.000000: a: b')).toContain('no task-pid')
    expect(reason('ACCS0-2716  ( 2519) [00X] ...1 168758.662861: a: b')).toContain('no [cpu]')
    expect(reason('ACCS0-2716  ( 2519) [000] ...1 168758.662X61: a: b')).toContain('no time')
    expect(reason(`worker-20 [001] .... ${'9'.repeat(400)}.000000: a: b`)).toContain('63 bits')
    expect(reason('            tool-170     [001] ...1.    23.275377: some text')).toContain('no event name')
  })
})

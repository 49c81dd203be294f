import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { detectLayout } from '../../ingest/detect-layout.ts'
import { type LineCase, lineCases } from '../support/line-cases.ts'
import { readWhole, sumsHold, type Whole } from './read-whole.ts'

const FOLDER = new URL('../fixtures/lines/', import.meta.url)
const CASES: LineCase[] = readdirSync(FOLDER).flatMap((name) => lineCases(name.replace('.jsonl', '')))

/** Reads one line alone in a file, as an ingest does; null where the file is refused. */
async function alone({ line, expect: { encoding } }: LineCase): Promise<Whole | null> {
  const content = Buffer.from(`${line}\n`, encoding === 'latin-1' ? 'latin1' : 'utf8')
  const layout = detectLayout(content)
  return layout.kind === 'refused' ? null : await readWhole(content, { format: layout.format, begin: layout.begin })
}

/** The first event in the words of the cases. */
function eventOf({ batches, facts }: Whole) {
  const batch = batches.find(({ count }) => count > 0)!
  const text = (id: number) => batch.strings[id] ?? null
  const known = (value: number) => (value < 0 ? null : value)
  return {
    comm: text(batch.comm[0]!),
    pid: known(batch.pid[0]!),
    tgid: known(batch.tgid[0]!),
    cpu: known(batch.cpu[0]!),
    event: text(batch.name[0]!),
    time: batch.time[0]!,
    ticks: facts.ticks,
  }
}

describe('every line of the collection, alone in a file', () => {
  it('there are all of them', () => {
    expect(new Set(CASES.map(({ id }) => id)).size).toBe(208)
  })

  it.each(CASES)('$id $layout $kind is counted once: $why', async (c) => {
    const whole = await alone(c)
    if (whole === null) return expect(['event', 'lost', 'dump_begin']).not.toContain(timed(c) ? c.kind : '')
    expect(sumsHold(whole)).toBe(true)
    expect(whole.facts.lines).toBe(c.line.split('\n').length)
  })

  const events = CASES.filter((c) => c.kind === 'event' && timed(c))

  it.each(events)('$id $layout: $why', async (c) => {
    const whole = await alone(c)
    if (whole === null) throw new Error('refused')
    expect(whole.facts).toMatchObject({ events: 1, malformed: 0, structural: 0 })
    const { comm, pid, tgid, cpu, event } = c.expect
    const found = eventOf(whole)
    expect(found).toMatchObject({ comm, pid, tgid, cpu, event })
    if (c.expect.ts_ns !== undefined) expect(found.time).toBe(nanoseconds(c.expect))
    else expect([found.ticks, found.time]).toEqual([true, BigInt(c.expect.ts as string)])
  })

  it.each(CASES.filter(({ kind }) => kind === 'dmesg'))('$id $layout: $why', async (c) => {
    const whole = await alone(c)
    expect(whole?.facts).toMatchObject({ events: 1, malformed: 0 })
    const { ts } = c.expect
    if (typeof ts === 'string') expect(eventOf(whole!).time).toBe(BigInt(ts.replace('.', '')) * 1000n)
  })

  it.each(CASES.filter(({ kind }) => kind === 'reject'))('$id is no event: $why', async (c) => {
    const whole = await alone(c)
    expect(whole?.facts.events ?? 0).toBe(0)
  })

  it.each(CASES.filter(({ kind }) => kind === 'lost'))('$id says what was lost: $why', async (c) => {
    const whole = await alone(c)
    const lost = c.expect.lost === null ? null : BigInt(c.expect.lost as number)
    expect(whole?.notes).toMatchObject([{ kind: 'lost', cpu: c.expect.cpu, lost }])
  })
})

/** The collection has numbers beyond 2^53: those are in its text only. */
function nanoseconds({ ts, ts_ns }: Record<string, unknown>): bigint {
  if (Number.isSafeInteger(ts_ns)) return BigInt(ts_ns as number)
  const [seconds, fraction] = (ts as string).split('.') as [string, string]
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

/** Lines that lost their context, or never had one, are no events of any file that has no other. */
function timed(c: LineCase): boolean {
  return c.kind !== 'event' || (c.expect.ts !== undefined && c.expect.ts !== null)
}

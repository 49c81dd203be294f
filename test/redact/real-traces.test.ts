import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { detectLayout } from '../../ingest/detect-layout.ts'
import { type Format, LAYOUTS } from '../../ingest/layout.ts'
import { createLineRedactor, REDACTABLE } from '../../src/redact/line.ts'
import { isKernelGiven } from '../../src/redact/tasks.ts'
import { fixture, LAYOUTS_DIR, readWhole } from '../ingest/read-whole.ts'
import { foldText } from '../support/fold-file.ts'
import { FIXTURES, tracesIn } from '../support/real-traces.ts'
import { judged } from './judged.ts'
import { pseudonyms, redactText } from './redacted.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples')
const TRACES = [
  ...tracesIn(FIXTURES).map(({ name, path }) => ({ name, path })),
  ...readdirSync(EXAMPLES)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => ({ name: `examples/${name}`, path: join(EXAMPLES, name) })),
]

describe('a redacted trace is judged as the real one', () => {
  it.each(TRACES)('$name', async ({ path }) => {
    const text = readFileSync(path)
    const names = pseudonyms()
    const redacted = await redactText(text, 'ftrace-text', names)
    expect(judged(await foldText(redacted), null)).toEqual(judged(await foldText(text), names))
  })
})

const LAYOUT_FILES = readdirSync(LAYOUTS_DIR).flatMap((name) => {
  if (!name.endsWith('.txt')) return []
  const layout = detectLayout(fixture(name))
  return layout.kind === 'layout' && REDACTABLE.has(layout.format)
    ? [{ name, path: join(LAYOUTS_DIR.pathname, name), format: layout.format }]
    : []
})
const ALL: { name: string; path: string; format: Format }[] = [
  ...LAYOUT_FILES,
  ...TRACES.map((trace) => ({ ...trace, format: 'ftrace-text' as Format })),
]

describe('every line stays a line of its kind, with its time, CPU and event', () => {
  it.each(ALL)('$name', async ({ path, format }) => {
    const text = readFileSync(path)
    const oneBatch = { format, batchBytes: 1024 * 1024, batchLines: 65_536 }
    const before = await readWhole(text, oneBatch)
    const after = await readWhole(await redactText(text, format), oneBatch)
    expect(after.kinds).toEqual(before.kinds)
    expect(after.notes).toEqual(before.notes)
    const { samples: _, kernel: __, ...facts } = before.facts
    expect(after.facts).toMatchObject(facts)
    const columns = ({ batches }: typeof before) =>
      batches.map((b) => [
        [...b.time.subarray(0, b.count)],
        [...b.cpu.subarray(0, b.count)],
        [...b.line.subarray(0, b.count)],
      ])
    expect(columns(after)).toEqual(columns(before))
  })
})

describe('what is not shown here is not promised', () => {
  it('every layout that is redacted has its files among these, every other one is refused', () => {
    expect(new Set(ALL.map(({ format }) => format))).toEqual(REDACTABLE)
    for (const format of Object.keys(LAYOUTS) as Format[])
      expect('kind' in createLineRedactor(format, pseudonyms()), format).toBe(!REDACTABLE.has(format))
  })
})

/** A word of the original that stands in the redacted text, and what must not be a part of it there. */
function remains(redacted: string, word: string): boolean {
  const edge = (c: string | undefined) => c === undefined || !/\w/.test(c)
  for (let at = redacted.indexOf(word); at >= 0; at = redacted.indexOf(word, at + 1))
    if (edge(redacted[at - 1]) && edge(redacted[at + word.length])) return true
  return false
}

/** Tasks, pointers, devices and markers of the original that stand in the other text. */
async function leftovers(text: Buffer, format: Format, redacted: string): Promise<string[]> {
  const whole = await readWhole(text, { format })
  const tasks = new Map<string, Set<string>>()
  for (const event of whole.events) {
    const [, comm, pid] = /^\d+: (.*)-(\d+) \(-?\d+\) \[\d+\] \d+ /.exec(event)!
    const pids = tasks.get(comm!) ?? new Set()
    tasks.set(comm!, pids.add(pid!))
  }
  const left: string[] = []
  for (const [comm, pids] of tasks) {
    for (const pid of pids) if (pid !== '0' && redacted.includes(`${comm}-${pid} `)) left.push(`${comm}-${pid}`)
    if (!isKernelGiven(comm) && comm !== '# tracer: nop' && remains(redacted, comm)) left.push(comm)
  }
  const original = text.toString('latin1')
  for (const [pointer] of original.matchAll(/\b(?:0x)?(?:ff[0-9a-f]{14}|00000000[0-9a-f]{8})\b/g)) {
    const digits = pointer.replace('0x', '')
    const isRange = /^00000000/.test(digits) && (pointer.startsWith('0x') || BigInt(`0x${digits}`) < 65536n)
    if (!isRange && !/^f{13}/.test(digits) && redacted.includes(digits)) left.push(pointer)
  }
  for (const [bdf] of original.matchAll(/\b[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b/g))
    if (redacted.includes(bdf.slice(5))) left.push(bdf)
  for (const [, marker] of original.matchAll(/: (?:tracing_mark_write|print|bprint): (.{4,})$/gm))
    if (marker !== '# tracer: nop' && redacted.includes(marker!)) left.push(marker!)
  return [...new Set(left)]
}

describe('nothing of the original remains', () => {
  it.each(ALL)('$name', async ({ path, format }) => {
    const text = readFileSync(path)
    expect(await leftovers(text, format, (await redactText(text, format)).toString('latin1'))).toEqual([])
  })

  it('the search finds what was not redacted', async () => {
    const text = readFileSync(join(EXAMPLES, 'sysfs-reset.txt'))
    const left = await leftovers(text, 'ftrace-text', text.toString('latin1'))
    expect(left).toEqual(
      expect.arrayContaining([
        'tool',
        '0000:01:00.0',
        expect.stringMatching(/^tool-\d+/),
        expect.stringMatching(/^0xffff/),
      ]),
    )
  })

  it('the comparison sees another name', async () => {
    const text = readFileSync(join(EXAMPLES, 'sysfs-reset.txt'))
    const redacted = await foldText(await redactText(text))
    expect(judged(redacted, null)).not.toEqual(judged(await foldText(text), pseudonyms('another key')))
  })
})

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detectLayout } from '../../ingest/detect-layout.ts'
import type { Format } from '../../ingest/layout.ts'
import { readBatches } from '../../ingest/read-batches.ts'
import { createTraceParser } from '../../ingest/trace-parser.ts'
import type { ParserOptions } from '../../ingest/trace-parser-state.ts'
import { inputBytes } from '../../src/domain/record.ts'
import { hardWrap, mail, quote, quotedPrintable, systracePage, systraceString, textOf } from '../support/envelopes.ts'
import { foldText } from '../support/fold-file.ts'
import { FIXTURES } from '../support/real-traces.ts'
import { describeEvents, readWhole, sumsHold, type Whole } from './read-whole.ts'

const TRACES = ['kernel-7.3/d_iommu_fault', 'kernel-7.3/flr', 'kernel-7.3/vlazy', 'lab/lab-I1-iommufd']

function linesOf(name: string): string[] {
  return readFileSync(`${FIXTURES}/${name}.txt`, 'latin1').trimEnd().split('\n')
}

/** Everything an event says but the number of its line. */
const told = ({ events }: Whole) => events.map((event) => event.replace(/^\d+: /, ''))

/** Findings, the numbers of their lines left out. */
async function findings(content: Buffer, format: Format) {
  const { findings: all, events } = await foldText(content, {}, { format })
  return { events, findings: all }
}

const atrace = (lines: string[]) => ['capturing trace... done', 'TRACE:', ...lines]

const ENVELOPES: [string, Format, (lines: string[]) => string[]][] = [
  ['quoted', 'mail/ftrace-text', (lines) => quote(lines)],
  ['quoted three deep', 'mail/ftrace-text', (lines) => quote(lines, 3)],
  ['quoted without blanks', 'mail/ftrace-text', (lines) => quote(lines, 2, '>')],
  ['in a mail', 'mail/ftrace-text', (lines) => mail(lines)],
  ['wrapped at 76 columns', 'mail/ftrace-text', (lines) => hardWrap(lines)],
  ['wrapped, then quoted', 'mail/ftrace-text', (lines) => quote(hardWrap(lines), 2)],
  ['quoted-printable', 'mail/ftrace-text', (lines) => mail(quotedPrintable(lines), 'quoted-printable')],
  [
    'quoted in quoted-printable',
    'mail/ftrace-text',
    (lines) => mail(quotedPrintable(quote(lines)), 'quoted-printable'),
  ],
  ['quoted-printable without a header', 'mail/ftrace-text', (lines) => quotedPrintable(quote(lines))],
  ['a page of systrace', 'systrace-html', systracePage],
  ['a string of JavaScript', 'systrace-html', systraceString],
  ['atrace', 'atrace', atrace],
]

describe('the same data in another envelope is the same events and findings', () => {
  describe.each(TRACES)('%s', (name) => {
    const lines = linesOf(name)
    it.each(ENVELOPES)('%s is %s', async (_, format, wrap) => {
      const content = textOf(wrap(lines))
      expect(detectLayout(content)).toEqual({ kind: 'layout', format })
      const plain = await readWhole(textOf(lines))
      const wrapped = await readWhole(content, { format })
      expect(sumsHold(wrapped)).toBe(true)
      expect(told(wrapped)).toEqual(told(plain))
      expect(wrapped.facts).toMatchObject({ malformed: plain.facts.malformed, tracer: plain.facts.tracer })
      expect(await findings(content, format)).toEqual(await findings(textOf(lines), 'ftrace-text'))
    })
  })
})

/** Rule and subject of what is proven. */
async function proven(content: Buffer, format: Format): Promise<string[]> {
  const { findings: all } = await foldText(content, {}, { format })
  return all
    .filter(({ verdict, rule }) => verdict === 'violated' && rule !== 'incomplete-log')
    .map(({ rule, ino, importerDevice }) => `${rule} ${ino} ${importerDevice}`)
}

describe('what cannot be told is no evidence', () => {
  it.each(TRACES)('%s: quoted, then wrapped: a line that may be an answer as well is malformed', async (name) => {
    const content = textOf(mail(hardWrap(quote(linesOf(name)))))
    const plain = told(await readWhole(textOf(linesOf(name))))
    const whole = await readWhole(content, { format: 'mail/ftrace-text' })
    const events = told(whole)
    expect(events.length).toBe(plain.length)
    const cut = events.filter((event, i) => event !== plain[i])
    for (const [i, event] of events.entries()) expect(plain[i]!.startsWith(event)).toBe(true)
    expect(whole.facts.malformed).toBe(cut.length)
  })

  it.each(['kernel-7.3/flr', 'lab/lab-I1-iommufd'])(
    '%s: without the rest of any one event, nothing is proven that was not',
    async (name) => {
      const wrapped = hardWrap(linesOf(name))
      const known = new Set(await proven(textOf(linesOf(name)), 'ftrace-text'))
      const seen = new Map<string, number>()
      let tried = 0
      for (const { name, first, count, hangs } of wrappedEvents(wrapped)) {
        const before = seen.get(name) ?? 0
        seen.set(name, before + 1)
        // The first of its name: nothing in the trace tells that fields are missing, unless its text shows it.
        if (count < 2 || (before === 0 && !hangs)) continue
        tried++
        const found = await proven(textOf(wrapped.toSpliced(first + 1, count - 1)), 'mail/ftrace-text')
        expect(
          found.filter((one) => !known.has(one)),
          `only line ${first + 1}: ${wrapped[first]}`,
        ).toEqual([])
      }
      expect(tried).toBeGreaterThan(10)
    },
  )
})

it('the rest of an event whose first line is missing is not the rest of the one above', async () => {
  const entry = '            tool-183     [001] ...1.    49.859367: flr: (pcie_flr+0x4/0x20) dev="0000:00:08.0"'
  const rest = '(__pci_reset_function_locked+0x3e/0x70 <- pcie_flr) ret=0'
  const whole = await readWhole(textOf(mail([entry, rest])), { format: 'mail/ftrace-text' })
  expect(told(whole)).toEqual(told(await readWhole(textOf([entry]))))
  expect(whole.facts.malformed).toBe(1)
})

describe('a line beside its own quote is one event', () => {
  const answered = (lines: string[], order: (line: string) => string[]) =>
    lines.flatMap((line, i) => (i % 7 === 0 && !line.startsWith('#') ? order(line) : [line]))

  it.each([
    ['the quote below', (line: string) => [line, `> ${line}`, 'What is this?', '']],
    ['the quote above', (line: string) => [`> ${line}`, line]],
  ])('%s', async (_, order) => {
    for (const name of [...TRACES, 'lab/lab-I4-move', 'kernel-7.3/memdis']) {
      const lines = linesOf(name)
      const plain = await readWhole(textOf(lines))
      const content = textOf(mail(answered(lines, order)))
      const whole = await readWhole(content, { format: 'mail/ftrace-text' })
      expect(told(whole)).toEqual(told(plain))
      expect(sumsHold(whole)).toBe(true)
      expect(whole.facts.malformed).toBe(0)
    }
  })

  it('what one mail says twice at one time happened twice', async () => {
    const line = linesOf('kernel-7.3/flr').find((text) => text.includes('dma_buf_put:'))!
    const twice = await readWhole(textOf(mail([line, line])), { format: 'mail/ftrace-text' })
    expect(twice.events.length).toBe(2)
    const quoted = await readWhole(textOf(mail([line, line, ...quote([line, line, line])])), {
      format: 'mail/ftrace-text',
    })
    expect(quoted.events.length).toBe(3)
  })
})

/** Events of hard-wrapped text, and the lines that each takes. */
function wrappedEvents(lines: readonly string[]) {
  const events: { name: string; first: number; count: number; hangs: boolean }[] = []
  for (const [first, line] of lines.entries()) {
    const match = /\d: ([^\s:]+):(.*)$/.exec(line)
    if (/^ .*\[\d{3}\]/.test(line) && match)
      events.push({ name: match[1]!, first, count: 1, hangs: /^ ?$|\([^)]*$|[-:]$/.test(match[2]!) })
    else if (events.length > 0 && !line.startsWith('#')) events.at(-1)!.count++
  }
  return events
}

const word = fc.stringMatching(/^[a-z_]{1,12}=[0-9a-fx{},.:"=+/-]{1,40}$/)
const event = fc
  .record({
    comm: fc.stringMatching(/^[!-~]{1,15}$/),
    pid: fc.integer({ min: 1, max: 4_194_304 }),
    cpu: fc.integer({ min: 0, max: 511 }),
    us: fc.integer({ min: 0, max: 10 ** 12 }),
    name: fc
      .stringMatching(/^[a-z][a-z_]{2,11}$/)
      .filter((name) => !['console', 'print', 'bprint', 'bputs'].includes(name)),
    words: fc.array(word, { maxLength: 12 }),
  })
  .map(({ comm, pid, cpu, us, name, words }) => {
    const time = `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}`.padStart(12)
    const context = `${comm.padStart(16)}-${String(pid).padEnd(7)} [${String(cpu).padStart(3, '0')}] ..... ${time}`
    return `${context}: ${name}: ${words.join(' ')}`
  })

describe('any trace, wrapped in any way', () => {
  it('is what it was', async () => {
    const depth = fc.integer({ min: 0, max: 5 })
    const mark = fc.constantFrom('> ', '>')
    const width = fc.integer({ min: 72, max: 80 })
    const how = fc.constantFrom('plain', 'wrap', 'quoted-printable')
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 20 }), depth, mark, width, how, async (...given) => {
        const [lines, levels, sign, columns, encoding] = given
        const quoted = quote(encoding === 'wrap' ? hardWrap(lines, columns) : lines, levels, sign)
        const content =
          encoding === 'quoted-printable' ? mail(quotedPrintable(quoted), 'quoted-printable') : mail(quoted)
        const wrapped = await readWhole(textOf(content), { format: 'mail/ftrace-text' })
        expect(told(wrapped)).toEqual(told(await readWhole(textOf(lines))))
        expect(wrapped.facts.malformed).toBe(0)
      }),
      { numRuns: 150 },
    )
  })

  it('an interruption behind any batch changes nothing', async () => {
    const content = textOf(mail(hardWrap(quote(linesOf('kernel-7.3/flr'), 2))))
    const format = 'mail/ftrace-text'
    const whole = await readWhole(content, { format, batchLines: 40 })
    let [events, skipBytes]: [string[], number] = [[], 0]
    let resume: ParserOptions['resume']
    for (;;) {
      const parser = createTraceParser({ format, ...(resume ? { resume } : {}) })
      const strings: string[] = [...(resume?.strings ?? [])]
      const { value: batch } = await readBatches([content], parser, { batchLines: 40, skipBytes }).next()
      if (!batch) break
      strings.push(...batch.strings)
      events = [...events, ...describeEvents(batch, strings)]
      skipBytes += inputBytes(batch)
      resume = { state: JSON.parse(JSON.stringify(parser.state())), strings }
    }
    expect(events).toEqual(whole.events)
    expect(resume?.state.facts).toEqual(whole.facts)
  })

  it('goes on behind any batch as if nothing had been between', async () => {
    const lines = mail(quotedPrintable(quote(linesOf('kernel-7.3/flr'))), 'quoted-printable')
    const content = textOf(lines)
    const whole = await readWhole(content, { format: 'mail/ftrace-text' })
    const small = await readWhole(content, { format: 'mail/ftrace-text', batchLines: 7, chunk: 100 })
    expect(small.events).toEqual(whole.events)
    expect(small.facts).toEqual(whole.facts)
  })
})

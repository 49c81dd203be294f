/** given(…).when(…).judge(…): a story, its trace text, and what the rules must say of it. */
import { expect } from 'vitest'
import type { FindingRow } from '../../src/domain/read-model.ts'
import type { Rule, RuleName, Severity, Verdict } from '../../src/domain/rules.ts'
import { type Folded, foldLineByLine, foldText } from './fold-file.ts'
import { foldInputs, type Input } from './fold-inputs.ts'
import { BEGIN_US, HEADER, type Printed, printTrace, type Step } from './printer.ts'
import { unsound } from './sound.ts'

/** A check of the findings that answers with those it has accounted for. */
type Expectation = (folded: Folded, printed: Printed) => FindingRow[]

interface Wanted {
  severity?: Severity
  verdict?: Verdict
  ino?: number
  importer?: string
  missing?: RegExp
  summary?: RegExp
  /** Names of the events that prove it, in order. */
  evidence?: string[]
  /** How many such findings; 1 unless said. */
  times?: number
}

/** The rule has spoken, so often and in these words; `violated` unless another verdict is given. */
export function finding(rule: Rule, wanted: Wanted = {}): Expectation {
  const { times = 1, verdict = wanted.missing ? 'undetermined' : 'violated' } = wanted
  return (folded, printed) => {
    const spoken = folded.findings.filter((row) => row.rule === rule && row.verdict === verdict)
    expect(
      spoken.map((row) => row.summary),
      `${rule}, ${verdict}`,
    ).toHaveLength(times)
    for (const row of spoken) {
      if (wanted.severity) expect(row.severity).toBe(wanted.severity)
      if (wanted.ino !== undefined) expect(row.ino).toBe(BigInt(wanted.ino))
      if (wanted.importer !== undefined) expect(row.importerDevice).toBe(wanted.importer)
      if (wanted.missing) expect(row.missing).toMatch(wanted.missing)
      else if (verdict === 'violated') expect(row.missing).toBeNull()
      if (wanted.summary) expect(row.summary).toMatch(wanted.summary)
      if (wanted.evidence) expect(row.evidence.map((seq) => printed.names[seq])).toEqual(wanted.evidence)
    }
    return spoken
  }
}

/** The rule has not said a word, not even a doubtful one. */
export function nothing(rule: Rule): Expectation {
  return (folded) => {
    expect(folded.findings.filter((row) => row.rule === rule).map((row) => row.summary)).toEqual([])
    return []
  }
}

/** Other rules may speak too: this story is not about them. */
export function besides(...rules: Rule[]): Expectation {
  const spoken: readonly RuleName[] = rules
  return (folded) => folded.findings.filter((row) => spoken.includes(row.rule))
}

export interface Story {
  when(...steps: Step[]): Story
  /** Events of these names were not recorded. */
  without(...names: string[]): Story
  /** An event of CPU 0 was lost before the event of this number. */
  losing(before: number): Story
  /** These snapshots were taken so many milliseconds after the trace's first event, and are merged with it. */
  seenAt(ms: number, ...snapshots: Input[]): Story
  fold(): Promise<{ folded: Folded; printed: Printed }>
  /** Checks each expectation, and that no other violated finding of severity warning or above was made. */
  judge(...expectations: Expectation[]): Promise<Folded>
}

export function given(...steps: Step[]): Story {
  return story({ steps, without: new Set(), options: {}, lostBefore: null, snapshots: null })
}

/** As `given`, with the options of an ingest: thresholds, recognisers. */
export function givenOptions(options: unknown, ...steps: Step[]): Story {
  return story({ steps, without: new Set(), options, lostBefore: null, snapshots: null })
}

/** Where a batch ends must not show: each row that an event changes is handed over with that event. */
async function foldAlike(text: Buffer, options: unknown): Promise<Folded> {
  const folded = await foldText(text, options)
  expect(await foldLineByLine(text, options), 'folded line by line').toEqual(folded)
  return folded
}

interface Told {
  steps: readonly Step[]
  without: ReadonlySet<string>
  options: unknown
  lostBefore: number | null
  snapshots: { ms: number; inputs: Input[] } | null
}

function story(told: Told): Story {
  const { steps, without, options, lostBefore, snapshots } = told
  const tell: Story['fold'] = async () => {
    const printed = printTrace(steps, without)
    if (lostBefore !== null) printed.lines.splice(HEADER + lostBefore, 0, 'CPU:0 [LOST 1 EVENTS]')
    const text = `${printed.lines.join('\n')}\n`
    if (snapshots === null) return { printed, folded: await foldAlike(Buffer.from(text), options) }
    const at = BigInt(BEGIN_US + snapshots.ms * 1000) * 1000n
    const { folded, names } = await foldInputs([{ format: 'ftrace-text', text }, ...snapshots.inputs], at)
    return { printed: { ...printed, names }, folded }
  }
  const fold: Story['fold'] = async () => {
    const told = await tell()
    expect(unsound(told.folded)).toEqual([])
    return told
  }
  return {
    when: (...more) => story({ ...told, steps: [...steps, ...more] }),
    without: (...names) => story({ ...told, without: new Set([...without, ...names]) }),
    losing: (before) => story({ ...told, lostBefore: before }),
    seenAt: (ms, ...inputs) => story({ ...told, snapshots: { ms, inputs } }),
    fold,
    async judge(...expectations) {
      const { folded, printed } = await fold()
      const accounted = new Set(expectations.flatMap((check) => check(folded, printed)))
      const others = folded.findings.filter(
        (row) => row.verdict === 'violated' && row.severity !== 'info' && !accounted.has(row),
      )
      expect(others.map((row) => `${row.rule}: ${row.summary}`)).toEqual([])
      return folded
    },
  }
}

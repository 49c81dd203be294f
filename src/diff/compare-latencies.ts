import type { Latencies } from './evidence.ts'
import { rankTest } from './rank-test.ts'

/** Nanoseconds; null without values. */
export interface Distribution {
  n: number
  p50: bigint | null
  p90: bigint | null
  max: bigint | null
}

/** `no clock`: one of the captures counts ticks, which are no time. */
export type LatencyVerdict = 'slower' | 'faster' | 'no clear difference' | 'too few to tell' | 'no clock'

export interface LatencyDifference extends Omit<Latencies, 'ns'> {
  before: Distribution
  after: Distribution
  verdict: LatencyVerdict
  /** Of the test behind the verdict; null where there were too few values for one. */
  p: number | null
}

/** With fewer values each, chance alone makes large differences. */
const FEWEST = 8
/** Several distributions are compared at once, so that one in twenty would be wrong too often. */
const CHANCE = 0.01
/** Of many values any difference is sure: one that nobody would notice is no news. */
const NOTICEABLE = 0.64

/** `comparable` is false where one of the clocks counts no time. */
export function compareLatencies(
  before: readonly Latencies[],
  after: readonly Latencies[],
  comparable: boolean,
): LatencyDifference[] {
  const keys = [...new Set([...before, ...after].map(keyOf))].sort()
  return keys.map((key) => {
    const of = (list: readonly Latencies[]) => list.filter((each) => keyOf(each) === key)
    const { kind, name, class: importerClass } = (of(before)[0] ?? of(after)[0])!
    const [then, now] = [before, after].map((list) => of(list).flatMap(({ ns }) => ns)) as [bigint[], bigint[]]
    return {
      kind,
      name,
      class: importerClass,
      before: distribution(then),
      after: distribution(now),
      ...verdictOn(then, now, comparable),
    }
  })
}

function keyOf({ kind, name, class: importerClass }: Omit<Latencies, 'ns'>): string {
  return JSON.stringify([kind, name, importerClass])
}

/** The nearest rank, as `importers` has its median: a value that was measured. */
export function distribution(values: readonly bigint[]): Distribution {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const rank = (part: number) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? null
  return { n: sorted.length, p50: rank(0.5), p90: rank(0.9), max: sorted.at(-1) ?? null }
}

function verdictOn(
  before: readonly bigint[],
  after: readonly bigint[],
  comparable: boolean,
): Pick<LatencyDifference, 'verdict' | 'p'> {
  if (!comparable) return { verdict: 'no clock', p: null }
  if (before.length < FEWEST || after.length < FEWEST) return { verdict: 'too few to tell', p: null }
  const { p, above } = rankTest(before, after)
  const clear = p < CHANCE && (above >= NOTICEABLE || above <= 1 - NOTICEABLE)
  return { verdict: !clear ? 'no clear difference' : above > 0.5 ? 'slower' : 'faster', p }
}

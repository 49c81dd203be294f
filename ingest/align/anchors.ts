/** A line of the kernel log, as one of two inputs tells it: with a time of its own clock, nanoseconds. */
export interface ToldLine {
  time: bigint
  text: string
}

export type Alignment =
  /** `offset` is what is to be added to the first input's times to make them the second's. */
  { kind: 'aligned'; offset: bigint; anchors: number; spread: bigint } | { kind: 'refused'; reason: string }

interface Anchor {
  first: bigint[]
  second: bigint[]
  /** How often each input tells it; more than the times kept where there were too many. */
  toldByFirst: number
  toldBySecond: number
}

type Lines = Iterable<ToldLine> | AsyncIterable<ToldLine>

/** Clocks that differ more than this from one line to the next do not run alike. */
const MOST_SPREAD = 1_000_000n
/** Lines that are paired only because each input tells them equally often have to agree better: resets repeat regularly. */
const MOST_SPREAD_IN_TURN = 100_000n
const MOST_TEXTS = 65_536
const TIMES_A_TEXT = 64
/**
 * Lines of one moment count as one: what is said twice of a fault or a reset is said at the same distance each time, so
 * that two moments that agree may both be another occurrence.
 */
const LEAST_MOMENTS = 3
const MOMENT = 10_000_000n
/** So many lines have to be where the other input has them for each that is not. */
const MET_FOR_MISSED = 3
const MOST_PAIRS = 1_000_000

/**
 * Finds the offset between the clocks of two inputs of one boot by the kernel log lines that both tell: `console` events
 * of a trace, and the log. Anchors are texts that either tells once; where those are of fewer than three moments, texts
 * that both tell equally often, one after the other. All other texts that repeat have to agree with them.
 * The first input's texts are kept (65,536 at most, later ones do not count), the second one passes.
 */
export async function alignClocks(first: Lines, second: Lines): Promise<Alignment> {
  const anchors = new Map<string, Anchor>()
  for await (const { time, text } of first) {
    const known = anchors.get(text)
    if (known) {
      known.toldByFirst++
      if (known.first.length < TIMES_A_TEXT) known.first.push(time)
    } else if (anchors.size < MOST_TEXTS && text.trim() !== '')
      anchors.set(text, { first: [time], second: [], toldByFirst: 1, toldBySecond: 0 })
  }
  const span = await passSecond(anchors, second)
  if (anchors.size === 0) return refused('the trace holds no line of the kernel log (record printk:console)')
  if (span === null) return refused('there is no line of the kernel log outside of it')
  return align([...anchors.values()], span)
}

interface Span {
  from: bigint
  to: bigint
}

async function passSecond(anchors: Map<string, Anchor>, second: Lines): Promise<Span | null> {
  let span: Span | null = null
  for await (const { time, text } of second) {
    if (span === null) span = { from: time, to: time }
    else if (time < span.from) span.from = time
    else if (time > span.to) span.to = time
    const known = anchors.get(text)
    if (!known) continue
    known.toldBySecond++
    if (known.second.length < TIMES_A_TEXT) known.second.push(time)
  }
  return span
}

function align(anchors: Anchor[], span: Span): Alignment {
  const found = pairsOf(anchors, 1)
  const pairs = found.moments < LEAST_MOMENTS ? pairsOf(anchors, TIMES_A_TEXT) : found
  if (pairs.moments < LEAST_MOMENTS) {
    const few = ['no line is', 'lines of one moment only are', 'lines of two moments only are'][pairs.moments]
    return refused(`${few} told equally often by both, and it takes ${LEAST_MOMENTS} moments to be sure`)
  }
  const { offsets } = pairs
  const spread = offsets.at(-1)! - offsets[0]!
  const most = pairs === found ? MOST_SPREAD : MOST_SPREAD_IN_TURN
  if (spread > most)
    return refused(
      `the ${offsets.length} lines that both tell ${pairs === found ? 'once' : 'in turn'} lie ${spread / 1000n} us apart in the two clocks, more than ${most / 1000n} us`,
    )
  const offset = offsets[(offsets.length - 1) >> 1]!
  const { met, missed } = agreement(anchors, offset, span)
  if (missed * MET_FOR_MISSED > met)
    return refused(
      `${missed} of ${met + missed} lines of the trace are not where the log would have them by that offset`,
    )
  if (!isBest(anchors, offset))
    return refused('another offset between the clocks would fit the repeating lines as well')
  return { kind: 'aligned', offset, anchors: offsets.length, spread }
}

interface Pairs {
  /** Ascending. */
  offsets: bigint[]
  moments: number
}

/** Texts that both tell equally often, at most `times` times: the first with the first, the second with the second. */
function pairsOf(anchors: Anchor[], times: number): Pairs {
  const equal = anchors.filter(({ toldByFirst, toldBySecond }) => toldByFirst === toldBySecond && toldByFirst <= times)
  const offsets = equal.flatMap(({ first, second }) => {
    const later = sorted(second)
    return sorted(first).map((time, i) => later[i]! - time)
  })
  return { offsets: sorted(offsets), moments: momentsOf(equal.flatMap(({ first }) => first)) }
}

function sorted(times: bigint[]): bigint[] {
  return [...times].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}

/** How many stretches of time these times lie in. */
function momentsOf(times: bigint[]): number {
  const ascending = sorted(times)
  return ascending.filter((time, i) => i === 0 || time - ascending[i - 1]! > MOMENT).length
}

/** Whether no other offset has as many pairs of lines on its side; lines at regular times fit more than one. */
function isBest(anchors: Anchor[], offset: bigint): boolean {
  const votes = new Map<bigint, number>()
  let pairs = 0
  for (const { first, second, toldBySecond } of anchors) {
    if (toldBySecond > second.length || pairs > MOST_PAIRS) continue
    for (const a of first)
      for (const b of second) {
        const bucket = (b - a) / MOST_SPREAD
        votes.set(bucket, (votes.get(bucket) ?? 0) + 1)
        pairs++
      }
  }
  const around = (bucket: bigint) => [-1n, 0n, 1n].reduce((sum, by) => sum + (votes.get(bucket + by) ?? 0), 0)
  const own = offset / MOST_SPREAD
  const most = around(own)
  for (const bucket of votes.keys())
    if ((bucket > own + 2n || bucket < own - 2n) && around(bucket) >= most) return false
  return true
}

/** Of the first input's lines that the second one tells at all: how many it tells at the right time, how many not. */
function agreement(anchors: Anchor[], offset: bigint, { from, to }: Span): { met: number; missed: number } {
  let met = 0
  let missed = 0
  for (const { first, second, toldBySecond } of anchors) {
    if (toldBySecond === 0 || toldBySecond > second.length) continue
    for (const told of first) {
      const time = told + offset
      if (second.some((other) => isNear(other, time))) met++
      else if (time >= from && time <= to) missed++
    }
  }
  return { met, missed }
}

/** Whether two times of one clock may be of the same line. */
export function isNear(a: bigint, b: bigint): boolean {
  return a - b <= MOST_SPREAD && b - a <= MOST_SPREAD
}

function refused(reason: string): Alignment {
  return { kind: 'refused', reason }
}

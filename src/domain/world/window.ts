import type { GapRow } from '../read-model.ts'
import type { Sighting } from './entities.ts'

/** A stretch of time in which events are missing, on one CPU or on all. An open end is null. */
export interface Gap {
  id: number
  cpu: number | null
  from: bigint | null
  to: bigint | null
  lost: bigint | null
  reason: string
  /** Only IOMMU faults are missing: nothing else rests on it. */
  faults?: boolean
  /** Event number at which it was noticed. */
  seq: number
  /** Lines of a snapshot are missing, no events: nothing that the trace proves rests on them. */
  snapshot?: true
}

/**
 * What the events can and cannot prove: a finding that rests on something *not* having happened is certain only where
 * no gap lies in that stretch of time.
 */
export interface Window {
  gaps: Gap[]
  /** Last event of each CPU. */
  last: (bigint | undefined)[]
  first: bigint | null
  end: bigint | null
  /** The latest snapshot before the first event. */
  snapshot: bigint | null
  /** Gaps whose end is the next event of their CPU. */
  open: Map<number, Gap>
  /** Gaps without an end, so far or for good. */
  endless: Set<Gap>
  /** From when to when each input of a merged capture reaches; empty where it is one file. */
  spans: Span[]
  /** Number of the input whose first event has not come yet. */
  beginning: number | null
  /** When the events of a dump begin in a kernel log that holds one: before, only the log speaks. */
  recordedFrom: bigint | null
  /** `latest[i]` is the latest end among the first i + 1 gaps: a search from the newest backwards stops there. */
  latest: bigint[]
}

/** Earliest and latest time of one input; null where it has no events. */
export interface Span {
  input: number
  first: bigint | null
  last: bigint | null
}

export function createWindow(spans: Span[] = []): Window {
  return {
    gaps: [],
    last: [],
    first: null,
    end: null,
    snapshot: null,
    open: new Map(),
    endless: new Set(),
    spans,
    beginning: null,
    recordedFrom: null,
    latest: [],
  }
}

/** Whether an input other than `input` was recording at that time and for some time after it. */
export function covered({ spans }: Window, ns: bigint, input: number): boolean {
  return spans.some(
    (span) => span.input !== input && span.first !== null && span.first <= ns && span.last !== null && span.last > ns,
  )
}

/** Notes that a CPU said something at this time; closes the gap that was waiting for it, and returns it. */
export function heard(window: Window, cpu: number, ns: bigint): Gap | null {
  window.first ??= ns
  window.end = ns
  window.beginning = null
  if (cpu >= 0) window.last[cpu] = ns
  if (window.open.size === 0) return null
  const gap = window.open.get(cpu)
  if (!gap) return null
  window.open.delete(cpu)
  endGap(window, gap, ns)
  return gap
}

/** Lines of a snapshot: before the first event they are all there is, later they say nothing of what the trace misses. */
export function heardSnapshot(window: Window, ns: bigint): void {
  if (window.first === null) window.snapshot = ns
  window.beginning = null
}

export function addGap(window: Window, gap: Omit<Gap, 'id'>): Gap {
  const added = { id: window.gaps.length, ...gap }
  window.gaps.push(added)
  if (added.to === null) window.endless.add(added)
  refreshLatest(window, added.id)
  return added
}

export function endGap(window: Window, gap: Gap, to: bigint): void {
  gap.to = to
  window.endless.delete(gap)
  refreshLatest(window, gap.id)
}

function refreshLatest({ gaps, latest }: Window, from: number): void {
  for (let i = from; i < gaps.length; i++) {
    const before = i === 0 ? NEVER : latest[i - 1]!
    const to = gaps[i]!.to ?? NEVER
    latest[i] = to > before ? to : before
  }
}

const NEVER = -1n

/** A gap that lies, in part, between the two times; null bounds are the ends of the trace. */
export function gapBetween(window: Window, from: bigint | null, to: bigint | null): Gap | null {
  return findGap(window, from, to, false)
}

/** A stretch of time between the two in which IOMMU faults went unprinted. */
export function faultGapBetween(window: Window, from: bigint | null, to: bigint | null): Gap | null {
  return findGap(window, from, to, true)
}

function findGap(window: Window, from: bigint | null, to: bigint | null, faults: boolean): Gap | null {
  const fits = (gap: Gap) => (gap.faults ?? false) === faults && overlaps(gap, from, to)
  for (const gap of window.endless) if (fits(gap)) return gap
  for (let i = window.gaps.length - 1; i >= 0; i--) {
    if (from !== null && window.latest[i]! <= from) return null
    if (fits(window.gaps[i]!)) return window.gaps[i]!
  }
  return null
}

function overlaps(gap: Gap, from: bigint | null, to: bigint | null): boolean {
  if (gap.snapshot) return false
  const begins = gap.from === null || to === null || gap.from <= to
  const ends = gap.to === null || from === null || gap.to > from
  return begins && ends
}

/** The time between two sightings, whichever came first; an unseen one was before the trace. */
export function between(a: Sighting | null, b: Sighting): { from: bigint | null; to: bigint } {
  if (!a) return { from: null, to: b.ns }
  return a.ns < b.ns ? { from: a.ns, to: b.ns } : { from: b.ns, to: a.ns }
}

export const FAULTS_LIMITED = 'the kernel limits how many IOMMU faults it prints'
export const BACKWARDS = 'time stamps run backwards'
export const NO_THREAD = 'which thread a probe fired in is not known, so neither is which return belongs to which entry'
/** Every event is there, and yet their order or their threads prove nothing. */
const NOTHING_LOST: ReadonlySet<string> = new Set([BACKWARDS, NO_THREAD])

export function describeGap(gap: Gap): string {
  if (gap.snapshot) return gap.reason
  const where = gap.cpu === null ? '' : ` on CPU ${gap.cpu}`
  const what = gap.faults ? 'faults' : 'events'
  const many = gap.lost === null ? `an unknown number of ${what}` : `${gap.lost} ${what}`
  return NOTHING_LOST.has(gap.reason) ? gap.reason : `${many} lost${where} (${gap.reason})`
}

export function gapRow(gap: Gap): GapRow {
  return { id: gap.id, cpu: gap.cpu, fromNs: gap.from, toNs: gap.to, lost: gap.lost, reason: gap.reason }
}

import { describe, expect, it } from 'vitest'
import {
  addGap,
  BACKWARDS,
  between,
  covered,
  createWindow,
  describeGap,
  endGap,
  faultGapBetween,
  type Gap,
  gapBetween,
  gapRow,
  heard,
  heardSnapshot,
} from '../../../src/domain/world/window.ts'

type Draft = Omit<Gap, 'id'>
const gap = (from: bigint | null, to: bigint | null, more: Partial<Draft> = {}): Draft => ({
  cpu: null,
  from,
  to,
  lost: null,
  reason: 'why',
  seq: 0,
  ...more,
})
const windowOf = (...gaps: Draft[]) => {
  const window = createWindow()
  for (const one of gaps) addGap(window, one)
  return window
}

describe('a gap between two times', () => {
  // [10, 20] is missing: what happens at its end is the event that was heard again.
  it.each<[bigint | null, bigint | null, boolean]>([
    [0n, 9n, false],
    [0n, 10n, true],
    [19n, 30n, true],
    [20n, 30n, false],
    [12n, 13n, true],
    [0n, 99n, true],
    [null, 9n, false],
    [null, 10n, true],
    [20n, null, false],
    [19n, null, true],
    [null, null, true],
  ])('of 10 to 20, from %s to %s: %s', (from, to, found) => {
    expect(gapBetween(windowOf(gap(10n, 20n)), from, to) !== null).toBe(found)
  })

  it('reaches to the end it is open at', () => {
    const begun = windowOf(gap(10n, null))
    expect([gapBetween(begun, 0n, 9n), gapBetween(begun, 0n, 10n)?.id, gapBetween(begun, 99n, null)?.id]).toEqual([
      null,
      0,
      0,
    ])
    const before = windowOf(gap(null, 10n))
    expect([gapBetween(before, 0n, 1n)?.id, gapBetween(before, 10n, 99n)]).toEqual([0, null])
  })

  it('is the newest of several, though an earlier one ends later', () => {
    const window = windowOf(gap(0n, 100n), gap(10n, 20n), gap(30n, 40n))
    expect(gapBetween(window, 35n, 36n)?.id).toBe(2)
    expect(gapBetween(window, 50n, 60n)?.id).toBe(0)
    expect(gapBetween(window, 100n, 200n)).toBeNull()
  })

  it('is the endless one first, until it ends', () => {
    const window = windowOf(gap(0n, null), gap(10n, 20n))
    expect(gapBetween(window, 15n, 16n)?.id).toBe(0)
    endGap(window, window.gaps[0]!, 5n)
    expect(gapBetween(window, 15n, 16n)?.id).toBe(1)
    expect(gapBetween(window, 5n, 9n)).toBeNull()
    expect(gapBetween(window, 3n, 4n)?.id).toBe(0)
  })

  it('of faults is another matter than one of events', () => {
    const window = windowOf(gap(10n, 20n, { faults: true }))
    expect([gapBetween(window, 0n, 99n), faultGapBetween(window, 0n, 99n)?.id]).toEqual([null, 0])
    expect(faultGapBetween(windowOf(gap(10n, 20n)), 0n, 99n)).toBeNull()
  })

  it('is none where only lines of a snapshot are missing', () => {
    expect(gapBetween(windowOf(gap(10n, 20n, { snapshot: true })), null, null)).toBeNull()
  })
})

describe('hearing a CPU', () => {
  it('ends the gap that waited for that CPU, and no other', () => {
    const window = windowOf(gap(10n, null, { cpu: 1 }))
    window.open.set(1, window.gaps[0]!)
    expect(heard(window, 0, 12n)).toBeNull()
    expect(heard(window, 1, 15n)).toMatchObject({ id: 0, to: 15n })
    expect(heard(window, 1, 16n)).toBeNull()
    expect(window).toMatchObject({ first: 12n, end: 16n, last: [12n, 16n] })
    expect(gapBetween(window, 15n, null)).toBeNull()
  })

  it('notes no last event where the CPU is not known', () => {
    const window = createWindow()
    heard(window, -1, 5n)
    heard(window, 0, 6n)
    expect(window.last).toEqual([6n])
    expect(Object.keys(window.last)).toEqual(['0'])
  })

  it('and a snapshot: it counts where it is before all events', () => {
    const window = createWindow()
    window.beginning = 3
    heardSnapshot(window, 5n)
    expect(window).toMatchObject({ snapshot: 5n, beginning: null, first: null })
    heard(window, 0, 6n)
    heardSnapshot(window, 7n)
    expect(window.snapshot).toBe(5n)
  })
})

describe('inputs beside each other', () => {
  const window = createWindow([
    { input: 0, first: 10n, last: 20n },
    { input: 1, first: null, last: null },
  ])
  it.each<[bigint, number, boolean]>([
    [9n, 1, false],
    [10n, 1, true],
    [19n, 1, true],
    [20n, 1, false],
    [15n, 0, false],
  ])('at %s, input %i is covered: %s', (ns, input, yes) => {
    expect(covered(window, ns, input)).toBe(yes)
  })
})

it('between two sightings is from the earlier to the later, or from before the trace', () => {
  const [a, b] = [
    { ns: 1n, seq: 0, cpu: 0, pid: 1 },
    { ns: 2n, seq: 1, cpu: 0, pid: 1 },
  ]
  expect([between(a, b), between(b, a), between(null, b)]).toEqual([
    { from: 1n, to: 2n },
    { from: 1n, to: 2n },
    { from: null, to: 2n },
  ])
})

it.each<[Partial<Draft>, string]>([
  [{ lost: 7n, cpu: 2 }, '7 events lost on CPU 2 (why)'],
  [{ lost: 7n }, '7 events lost (why)'],
  [{}, 'an unknown number of events lost (why)'],
  [{ faults: true }, 'an unknown number of faults lost (why)'],
  [{ snapshot: true }, 'why'],
  [{ reason: BACKWARDS }, BACKWARDS],
])('a gap %o is called %s', (more, words) => {
  const [one] = windowOf(gap(1n, 2n, more)).gaps
  expect(describeGap(one!)).toBe(words)
  const { cpu = null, lost = null, reason = 'why' } = more
  expect(gapRow(one!)).toEqual({ id: 0, cpu, fromNs: 1n, toNs: 2n, lost, reason })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alignClocks, type ToldLine } from '../../ingest/align/anchors.ts'

const MS = 1_000_000n

type ToldTuple = [bigint, string]

const lines = (...told: [bigint, string][]): ToldLine[] => told.map(([time, text]) => ({ time, text }))

describe('the offset between two clocks', () => {
  it('is that of the lines that both tell once', async () => {
    const trace = lines([10n * MS, 'fault a'], [30n * MS, 'fault b'], [50n * MS, 'fault c'])
    const log = lines([1n, 'boot'], [110n * MS, 'fault a'], [130n * MS + 5n, 'fault b'], [150n * MS, 'fault c'])
    expect(await alignClocks(trace, log)).toEqual({ kind: 'aligned', offset: 100n * MS, anchors: 3, spread: 5n })
  })

  it('is the one in the middle, so that a line that came late does not count', async () => {
    const trace = lines([0n, 'a'], [20n * MS, 'b'], [40n * MS, 'c'])
    const log = lines([1_000n, 'a'], [20n * MS + 1_000n, 'b'], [40n * MS + 401_000n, 'c'])
    expect(await alignClocks(trace, log)).toMatchObject({ kind: 'aligned', offset: 1_000n, spread: 400_000n })
  })

  const [a, b, c]: [ToldTuple, ToldTuple, ToldTuple] = [
    [1n, 'a'],
    [21n * MS, 'b'],
    [41n * MS, 'c'],
  ]

  it.each([
    ['no line at all', lines(), lines(a), /holds no line of the kernel log/],
    ['no log', lines(a), lines(), /no line of the kernel log outside/],
    ['nothing in common', lines(a), lines(b), /no line is told equally often/],
    ['one line alone', lines(a), lines(a), /one moment only/],
    ['lines of one fault', lines(a, [2n, 'b'], [3n, 'c']), lines(a, [2n, 'b'], [3n, 'c']), /one moment only/],
    ['lines of one reset', lines(a, b), lines(a, b), /two moments only/],
    ['lines that repeat', lines(a, a), lines(a, a), /one moment only/],
    ['offsets apart', lines(a, b, c), lines(a, b, [43n * MS, 'c']), /2000 us apart .* more than 1000 us/],
  ])('is refused with %s', async (_, trace, log, why) => {
    const found = await alignClocks(trace, log)
    expect(found.kind === 'refused' && found.reason).toMatch(why)
  })

  it('is that of lines that repeat, where both tell them equally often and agree', async () => {
    const resets = (shift: bigint, last = 0n): ToldLine[] =>
      [440_568n, 608_598n, 905_000n].flatMap((us, i) => [
        { time: us * 1000n + shift, text: 'resetting' },
        { time: (us + 95_355n + BigInt(i) * 171n) * 1000n + shift + (i === 2 ? last : 0n), text: 'reset done' },
      ])
    expect(await alignClocks(resets(0n), resets(7_000_123n))).toMatchObject({ kind: 'aligned', offset: 7_000_123n })
    const late = await alignClocks(resets(0n), resets(0n, 200_000n))
    expect(late.kind === 'refused' && late.reason).toMatch(/in turn lie 200 us apart .* more than 100 us/)
    const another = resets(0n).slice(2)
    expect((await alignClocks(another, [...resets(5n), ...another.slice(0, 1)])).kind).toBe('refused')
  })

  it('is refused where lines that repeat are elsewhere by it', async () => {
    const trace = lines(a, b, c, [100n * MS, 'r'], [200n * MS, 'r'], [300n * MS, 's'], [301n * MS, 's'])
    const log = lines(a, b, c, [60n * MS, 'r'], [150n * MS, 's'], [900n * MS, 'r'], [900n * MS, 's'])
    const found = await alignClocks(trace, log)
    expect(found.kind === 'refused' && found.reason).toMatch(/4 of 7 lines of the trace are not where/)
  })

  it('is refused where another one would do as well', async () => {
    const again = [0n, 1n, 2n, 3n].map((i): [bigint, string] => [(60n + 30n * i) * MS, 'r'])
    const trace = lines(a, b, c, ...again)
    const log = lines(a, b, c, ...again, ...again.map(([time, text]): [bigint, string] => [time + 500n * MS, text]), [
      541n * MS,
      'd',
    ])
    expect((await alignClocks(trace, log)).kind).toBe('aligned')
    const twice = lines(...again.map(([time]): [bigint, string] => [time - 500n * MS, 'r']))
    const found = await alignClocks([...twice, ...trace], log)
    expect(found.kind === 'refused' && found.reason).toMatch(/another offset/)
  })

  it('takes what comes in pieces over time', async () => {
    async function* slowly(told: ToldLine[]) {
      for (const line of told) yield await Promise.resolve(line)
    }
    const told = lines(a, b, c)
    expect(await alignClocks(slowly(told), slowly(told))).toMatchObject({ kind: 'aligned', offset: 0n })
  })
})

/** One machine's kernel log, and the stretch of it that a trace holds by another clock, a little late. */
const machine = fc
  .record({
    gaps: fc.array(fc.tuple(fc.integer({ min: 2_000, max: 500_000 }), fc.nat(10_000)), {
      minLength: 20,
      maxLength: 80,
    }),
    variety: fc.constantFrom(6, 30, 1000),
    offset: fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
    from: fc.nat(30),
    length: fc.integer({ min: 1, max: 60 }),
    late: fc.array(fc.nat(400), { minLength: 80, maxLength: 80 }),
    unheard: fc.array(fc.boolean(), { minLength: 80, maxLength: 80 }),
    cut: fc.nat(30),
  })
  .map(({ gaps, variety, offset, from, length, late, unheard, cut }) => {
    let now = 10n ** 15n
    const log = gaps.map(([gap, said]): ToldLine => {
      now += BigInt(gap) * 1000n
      return { time: now, text: `fault ${said % variety}` }
    })
    const trace = log
      .map(({ time, text: said }, i): ToldLine => ({ time: time - offset + BigInt(late[i]!) * 1000n, text: said }))
      .slice(from, from + length)
      .filter((_, i) => !unheard[i] || i % 3 > 0)
    return { log: log.slice(cut), trace, offset }
  })

describe('two inputs of one boot', () => {
  it('are aligned rightly or not at all', async () => {
    let aligned = 0
    await fc.assert(
      fc.asyncProperty(machine, async ({ log, trace, offset }) => {
        const found = await alignClocks(trace, log)
        if (found.kind === 'refused') {
          expect(found.reason.length).toBeGreaterThan(20)
          return
        }
        aligned++
        expect(found.spread).toBeLessThanOrEqual(MS)
        const error = found.offset - offset
        expect(error <= 0n && -error <= 400_000n).toBe(true)
      }),
      { numRuns: 500 },
    )
    expect(aligned).toBeGreaterThan(100)
  })

  it('of two machines are not aligned, or by lines that do agree', async () => {
    await fc.assert(
      fc.asyncProperty(machine, machine, async (one, other) => {
        const found = await alignClocks(one.trace, other.log)
        if (found.kind === 'refused') return
        const agreeing = one.trace.filter(({ time, text: said }) =>
          other.log.some(
            (line) =>
              line.text === said && line.time - time - found.offset <= MS && time + found.offset - line.time <= MS,
          ),
        )
        expect(agreeing.length).toBeGreaterThanOrEqual(3)
      }),
    )
  })

  it('finds the exact offset where nothing is late', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(
          fc.string({ minLength: 1 }).filter((said) => said.trim() !== ''),
          { minLength: 3 },
        ),
        fc.bigInt(),
        async (texts, offset) => {
          const log = texts.map((said, i): ToldLine => ({ time: BigInt(i) * 11n * MS, text: said }))
          const trace = log.map(({ time, text: said }) => ({ time: time - offset, text: said }))
          expect(await alignClocks(trace, log)).toEqual({ kind: 'aligned', offset, anchors: texts.length, spread: 0n })
        },
      ),
    )
  })
})

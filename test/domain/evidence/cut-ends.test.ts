/** A trace that begins or ends in the middle: what had not ended is neither violated for that, nor clean. */
import { describe, expect, it } from 'vitest'
import type { Folded } from '../../support/fold-file.ts'
import { foldText } from '../../support/fold-file.ts'
import { later, printTrace, type Step } from '../../support/printer.ts'
import { given } from '../../support/story.ts'
import { attached, detached, exported, mapped, move, reset, restored, revoked, unmapped } from '../../support/trace.ts'

/** Everybody does the right thing, a worker unmaps 20 ms after it was told. */
const story: Step[] = [
  move(1),
  reset('open'),
  move(0),
  exported(),
  attached(),
  mapped(),
  later(5),
  revoked({}, unmapped()),
  reset('ioctl'),
  restored(),
  later(5),
  mapped({ sgt: 2 }),
  unmapped({ sgt: 2 }),
  detached(),
]
const { lines } = printTrace(story)
const events = lines.filter((line) => !line.startsWith('#'))
const first = events.findIndex((line) => line.includes(' dma_buf_export: '))
const numberOf = (name: string) => events.findIndex((line, i) => i >= first && line.includes(` ${name}: `))
const fold = (kept: readonly string[]) => foldText(Buffer.from(`${kept.join('\n')}\n`))
const violated = ({ findings }: Folded) =>
  findings.filter(({ verdict, severity }) => verdict === 'violated' && severity !== 'info').map(({ rule }) => rule)
const verdicts = (rows: readonly { verdict: string }[]) => rows.map(({ verdict }) => verdict)

describe('a trace that ends early', () => {
  it('proves nothing that the whole one does not, wherever it ends', async () => {
    const full = await fold(events)
    expect([violated(full), verdicts(full.revocations), verdicts(full.resets)]).toEqual([
      [],
      ['clean'],
      ['clean', 'clean'],
    ])
    for (let count = 1; count <= events.length; count++)
      expect([count, violated(await fold(events.slice(0, count)))]).toEqual([count, []])
  })

  it('has no clean revocation before its move is over', async () => {
    const over = numberOf('vfiodb_move_ret')
    for (let count = numberOf('dbuf_inval') + 1; count <= over; count++)
      expect([count, verdicts((await fold(events.slice(0, count))).revocations)]).toEqual([count, ['undetermined']])
  })

  it('has no clean reset before it is over', async () => {
    const over = numberOf('pcirst_try_ret')
    for (let count = numberOf('pcirst_disable') + 1; count <= over; count++)
      expect([count, verdicts((await fold(events.slice(0, count))).resets)]).toEqual([count, ['clean', 'undetermined']])
  })

  it('in the middle of a line has a gap there', async () => {
    const whole = `${events.slice(0, numberOf('dbuf_inval')).join('\n')}\n`
    const { gaps } = await foldText(Buffer.from(`${whole}${events[numberOf('dbuf_inval')]!.slice(0, 30)}`))
    expect(gaps).toMatchObject([
      { cpu: null, toNs: null, lost: null, reason: expect.stringMatching(/middle of a line/) },
    ])
  })
})

describe('a trace that begins late', () => {
  it('knows no clean episode of a buffer whose export it has not seen', async () => {
    for (let from = numberOf('dbuf_attached'); from < numberOf('vfiodb_move'); from++) {
      const late = await fold(events.slice(from))
      expect([from, violated(late), verdicts(late.revocations)]).toEqual([from, [], ['undetermined']])
    }
  })

  it('in the middle of a revoke knows neither it nor the reset to be clean', async () => {
    for (let from = numberOf('vfiodb_move') + 1; from < numberOf('vfiodb_move_ret'); from++) {
      const late = await fold(events.slice(from))
      expect([from, violated(late)]).toEqual([from, []])
      expect([from, ...verdicts(late.revocations), ...verdicts(late.resets)]).not.toContain('clean')
    }
  })
})

describe('an importer that was told and still has its mapping', () => {
  const told = given(exported(), attached(), mapped()).when(move(1, undefined, 'ioctl', later(1)))

  it('is neither late nor leaking where the trace ends within its deadline', async () => {
    const { findings } = await told.judge()
    expect(findings.filter(({ verdict }) => verdict === 'violated')).toEqual([])
  })
})

/** Each way in which a trace says that events are missing, and one in which it does not say so. */
import { describe, expect, it } from 'vitest'
import type { Step } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import { attached, exported, mapped, reset, revoked, unmapped } from '../../support/trace.ts'

const raw =
  (line: string): Step =>
  (print) =>
    print.raw(line)
const held = [exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped()] as const
const others = besides('reset-without-revoke', 'incomplete-log')
const complete = raw('# entries-in-buffer/entries-written: 40/40   #P:4')

describe('a loss between a map and the reset', () => {
  it.each([
    ['CPU:0 [LOST 7 EVENTS]', 7n],
    ['CPU:0 [LOST EVENTS]', null],
    ['CPU:0 [7 EVENTS DROPPED]', 7n],
    ['CPU:0 [EVENTS DROPPED]', null],
  ])('%s leaves it open, though the header counts all', async (marker, lost) => {
    const { gaps } = await given(complete, ...held)
      .when(raw(marker), reset('sysfs'))
      .judge(finding('reset-while-mapped', { missing: /events lost on CPU 0/ }), others)
    expect(gaps).toMatchObject([{ cpu: 0, lost }])
  })
})

describe('a header', () => {
  it('that counts more than there is: what rests on all before is not clean', async () => {
    const overwritten = raw('# entries-in-buffer/entries-written: 40/90   #P:4')
    const { gaps, revocations } = await given(overwritten, ...held)
      .when(revoked({}, unmapped()))
      .judge()
    expect(gaps).toMatchObject([{ lost: 50n, fromNs: null }])
    expect(revocations).toHaveLength(1)
  })

  it('that counts all is no proof with overwrite=0: the log is not called incomplete, nor a cut-off revoke clean', async () => {
    const { gaps, revocations } = await given(complete, ...held)
      .when(revoked({}, unmapped()))
      .without('dbuf_unmap_ret', 'vfiodb_move_ret', 'dbuf_inval_ret', 'dbuf_unmap')
      .judge(nothing('incomplete-log'), besides('late-unmap'))
    expect(gaps).toEqual([])
    expect(revocations.map(({ verdict }) => verdict)).not.toContain('clean')
  })
})

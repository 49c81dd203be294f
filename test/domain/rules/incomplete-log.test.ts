import { describe, expect, it } from 'vitest'
import { by, event, lost, type Step } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import { attached, detached, exported, mapped, reset, unmapped } from '../../support/trace.ts'

const raw =
  (line: string): Step =>
  (print) =>
    print.raw(line)
const backwards: Step = (print) => {
  print.now -= 500
}

describe('incomplete-log', () => {
  it('is nothing for a whole trace', async () => {
    await given(raw('# entries-in-buffer/entries-written: 9/9   #P:4'), exported(), attached(), detached()).judge(
      nothing('incomplete-log'),
    )
  })

  it('is a loss on one CPU, from its last event to its next', async () => {
    const folded = await given(exported(), attached())
      .when(lost(7), mapped(), unmapped(), detached())
      .judge(finding('incomplete-log', { severity: 'info', summary: /7 events lost on CPU 0/ }))
    expect(folded.gaps).toMatchObject([{ cpu: 0, lost: 7n, fromNs: 10_000_300_000n, toNs: 10_000_350_000n }])
  })

  it('is a loss that the kernel could not count', async () => {
    const folded = await given(
      exported(),
      raw('CPU:2 [LOST EVENTS]'),
      by('other', 202, event('sched_switch', 'x')),
    ).judge(finding('incomplete-log', { summary: /unknown number of events/ }))
    expect(folded.gaps).toMatchObject([{ cpu: 2, lost: null }])
  })

  it('is a buffer that starts later than the others', async () => {
    await given(exported(), raw('##### CPU 1 buffer started ####'), by('other', 201, event('sched_switch', 'x'))).judge(
      finding('incomplete-log', { summary: /starts later than others/ }),
    )
  })

  it('is a beginning that was overwritten', async () => {
    const folded = await given(raw('# entries-in-buffer/entries-written: 9/29   #P:4'), exported()).judge(
      finding('incomplete-log', { summary: /20 events lost \(overwritten/ }),
    )
    expect(folded.gaps).toMatchObject([{ cpu: null, lost: 20n, fromNs: null, toNs: 10_000_050_000n }])
  })

  it('is a line that is not understood: it may have been an event', async () => {
    const folded = await given(raw('what is this'), exported(), raw('@@'), raw('@@'), attached(), raw('zz')).judge(
      finding('incomplete-log', { times: 2 }),
    )
    expect(folded.gaps).toMatchObject([
      {
        cpu: null,
        lost: null,
        fromNs: 10_000_150_000n,
        toNs: 10_000_200_000n,
        reason: 'lines 7 to 8 are not understood',
      },
      { cpu: null, lost: null, toNs: null, reason: 'line 12 is not understood' },
    ])
  })

  it('makes it open whether a mapping outlived the reset, where its unmap may stand in such a line', async () => {
    const story = (...between: Step[]) =>
      given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())
        .when(...between, reset('sysfs'))
        .judge(
          finding('reset-while-mapped', between.length > 0 ? { missing: /is not understood/ } : {}),
          besides('reset-without-revoke', 'incomplete-log'),
        )
    await story()
    await story(raw('@@ unreadable @@'))
  })

  it('is time running backwards, said once', async () => {
    await given(exported(), backwards, attached(), backwards, detached()).judge(
      finding('incomplete-log', { summary: /time stamps run backwards/ }),
    )
  })
})

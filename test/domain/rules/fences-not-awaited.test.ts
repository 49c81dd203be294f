import { describe, expect, it } from 'vitest'
import { event, lost, type Step } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import {
  attached,
  EXPORTER,
  exported,
  fenceAdded,
  fenceSignalled,
  fencesAwaited,
  invalidated,
  mapped,
  move,
  released,
  reset,
  restored,
  unmapped,
} from '../../support/trace.ts'

const busy = given(exported(), attached(), mapped(), fencesAwaited({}, 0), fenceAdded())
const moveWith = (...wait: Step[]) => move(1, EXPORTER, 'ioctl', invalidated({}, unmapped()), ...wait)

describe('fences-not-awaited', () => {
  it('is a reset while a fence of the buffer is pending and nobody waited', async () => {
    await busy.when(moveWith(), reset(), fenceSignalled()).judge(
      finding('fences-not-awaited', {
        severity: 'error',
        ino: 1,
        evidence: ['dbuf_resv_add', 'vfiodb_move', 'dbuf_inval_ret', 'pcirst_disable'],
        summary: /fence 7:9/,
      }),
      finding('late-fence', { severity: 'error', ino: 1 }),
    )
  })

  it('is nothing after a wait over all fences', async () => {
    await busy
      .when(moveWith(fencesAwaited()), reset(), fenceSignalled())
      .judge(nothing('fences-not-awaited'), nothing('late-fence'))
  })

  it.each([0, 1, 2])('takes no wait over usage %i only for one', async (usage) => {
    await busy
      .when(moveWith(fencesAwaited({}, usage)), reset(), fenceSignalled())
      .judge(finding('fences-not-awaited'), besides('late-fence'))
  })

  it('takes no wait that ran out of time for one', async () => {
    await busy
      .when(moveWith(fencesAwaited({}, 3, '0')), reset(), fenceSignalled())
      .judge(finding('fences-not-awaited'), besides('late-fence'))
  })

  it('takes no wait after the reset for one', async () => {
    await busy
      .when(moveWith(), reset(), restored(), fenceSignalled())
      .judge(finding('fences-not-awaited'), besides('late-fence'))
  })

  it('is undetermined where no fence is known to have been pending', async () => {
    await given(exported(), attached(), mapped(), fencesAwaited({}, 0))
      .when(moveWith(), reset())
      .judge(finding('fences-not-awaited', { missing: /no fence of this buffer was seen/ }))
  })

  it('is undetermined where neither signals nor the ends of waits were recorded', async () => {
    await busy
      .when(moveWith(), reset(), fenceSignalled())
      .without('dma_fence_signaled', 'dbuf_resv_wait_ret')
      .judge(finding('fences-not-awaited', { missing: /was its probe set/ }))
  })

  it('is undetermined where no wait could have been recorded, though the signals were', async () => {
    await busy
      .when(moveWith(), reset(), fenceSignalled())
      .without('dbuf_resv_wait', 'dbuf_resv_wait_ret')
      .judge(
        finding('fences-not-awaited', { missing: /dma_resv_wait_timeout.*was its probe set/ }),
        besides('late-fence'),
      )
  })

  it('is undetermined across a loss, which may hide the signal', async () => {
    await busy
      .when(lost(1), moveWith(), reset(), fenceSignalled())
      .judge(finding('fences-not-awaited', { missing: /1 events lost/ }), besides('late-fence'))
  })
})

describe('fences that nobody awaited', () => {
  const RULE = 'fences-not-awaited'

  it('are named all, in the order in which they were added', async () => {
    await busy.when(fenceAdded({}, 8, 1), moveWith(), reset(), fenceSignalled()).judge(
      finding(RULE, {
        summary: /^the reset of 0000:01:00.0 \(flr, ioctl\) came while fence 7:9, fence 8:1 of buffer 1 /,
        evidence: ['dbuf_resv_add', 'dbuf_resv_add', 'vfiodb_move', 'dbuf_inval_ret', 'pcirst_disable'],
      }),
      besides('late-fence'),
    )
  })

  it('may have signalled unseen from when the first of them was added', async () => {
    await busy
      .when(lost(1), fenceAdded({}, 8, 1), moveWith(), reset(), fenceSignalled())
      .judge(finding(RULE, { missing: /1 events lost/ }), besides('late-fence'))
  })

  it('are those of the buffer itself', async () => {
    const other = { ino: 2, attach: 2 }
    const both = move(1, EXPORTER, 'ioctl', invalidated(), invalidated(other))
    const { findings } = await given(exported(), exported(other), fencesAwaited({}, 0), fenceAdded(other))
      .when(both, reset(), fenceSignalled())
      .judge(
        finding(RULE, { ino: 2 }),
        finding(RULE, { missing: /no fence of this buffer was seen/ }),
        besides('late-fence'),
      )
    expect(findings.filter(({ rule }) => rule === RULE).map(({ ino, verdict }) => [ino, verdict])).toEqual([
      [1n, 'undetermined'],
      [2n, 'violated'],
    ])
  })

  it.each([
    ['its release', released()],
    ['the end of the trace', event('my_mark', '')],
  ])('are known at %s, where no reset came', async (_, end) => {
    await busy.when(moveWith(), fenceSignalled(), end).judge(
      finding(RULE, {
        severity: 'error',
        ino: 1,
        summary: /^the end of the revoke came while fence 7:9 of buffer 1 /,
        evidence: ['dbuf_resv_add', 'vfiodb_move', 'dbuf_inval_ret', 'vfiodb_move_ret'],
      }),
      besides('late-fence', 'released-while-attached', 'leaked-attachment'),
    )
  })
})

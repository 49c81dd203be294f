import { describe, it } from 'vitest'
import { by, event, lost, type Step } from '../../support/printer.ts'
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
  moveEntry,
  reset,
  restored,
  unmapped,
} from '../../support/trace.ts'

const busy = given(exported(), attached(), mapped(), fenceAdded())
const unwaited = move(1, EXPORTER, 'ioctl', invalidated({}, unmapped()))

describe('late-fence', () => {
  it('is a signal after the reset has begun', async () => {
    await busy.when(unwaited, reset('ioctl', {}, fenceSignalled())).judge(
      finding('late-fence', {
        severity: 'error',
        evidence: ['dbuf_resv_add', 'vfiodb_move', 'pcirst_disable', 'dma_fence_signaled'],
      }),
      besides('fences-not-awaited'),
    )
  })

  it('knows the fence by context and seqno of 32 bits, whatever its names have become', async () => {
    await given(exported(), attached(), mapped(), fenceAdded({}, 2 ** 32 + 7, 9))
      .when(unwaited, reset(), fenceSignalled(7, 9))
      .judge(finding('late-fence'), besides('fences-not-awaited'))
  })

  it('believes the wait that returned, not the line that came late', async () => {
    await busy
      .when(move(1, EXPORTER, 'ioctl', invalidated({}, unmapped()), fencesAwaited()), reset(), fenceSignalled())
      .judge(nothing('late-fence'))
  })

  it('is not a fence that signalled in time', async () => {
    await busy.when(fenceSignalled(), unwaited, reset()).judge(nothing('late-fence'))
  })

  it('is not a fence of another reservation object', async () => {
    await busy.when(fenceSignalled(), unwaited, reset(), fenceSignalled(99, 1)).judge(nothing('late-fence'))
  })

  it('is a fence that signalled after the revoke was taken for complete, though no reset came', async () => {
    await busy
      .when(unwaited, fenceSignalled(), restored())
      .judge(
        finding('late-fence', { severity: 'error', summary: /after the revoke was over/ }),
        finding('fences-not-awaited', { severity: 'error', summary: /the end of the revoke/ }),
      )
  })

  it('takes no destroy for a signal', async () => {
    await busy
      .when(unwaited, reset(), event('dma_fence_destroy', 'driver=a timeline=b context=7 seqno=9'))
      .judge(nothing('late-fence'), besides('fences-not-awaited'))
  })

  it('is undetermined across a loss, which may hide an earlier signal', async () => {
    await busy
      .when(unwaited, lost(4), reset(), fenceSignalled())
      .judge(finding('late-fence', { missing: /4 events lost/ }), besides('fences-not-awaited'))
  })
})

describe('what a fence came too late for', () => {
  const RULE = 'late-fence'
  const others = besides('fences-not-awaited', 'reset-without-revoke', 'reset-while-mapped')
  const unawaited = (...inside: Step[]) => move(1, EXPORTER, 'ioctl', invalidated(), ...inside)

  it('is no reset before the revoke, which is not over', async () => {
    await busy
      .when(unmapped(), reset('sysfs'), moveEntry('1'), invalidated(), fenceSignalled())
      .judge(nothing(RULE), others)
  })

  it('is the revoke, and no reset after its restore', async () => {
    await busy.when(unwaited, move(0, EXPORTER, 'ioctl', invalidated()), reset('sysfs'), fenceSignalled()).judge(
      finding(RULE, {
        summary: /^fence 7:9 of buffer 1 .* after the revoke was over$/,
        evidence: ['dbuf_resv_add', 'vfiodb_move', 'vfiodb_move_ret', 'dma_fence_signaled'],
      }),
      others,
    )
  })

  it('may be told by what was lost since the revoke began, though the fence was added later', async () => {
    await given(by('gpu', 201, event('my_mark', '')), exported(), attached())
      .when(unawaited(lost(3, 1), by('gpu', 201, fenceAdded())), fenceSignalled())
      .judge(finding(RULE, { missing: /3 events lost/ }), others)
  })
})

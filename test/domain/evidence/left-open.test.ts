/** What keeps an episode from being clean though no finding is charged to it: what one probe of a pair cannot tell. */
import { expect, it } from 'vitest'
import { later } from '../../support/printer.ts'
import { besides, finding, given } from '../../support/story.ts'
import { attached, exported, faulted, mapped, reset, revoked, unmapped } from '../../support/trace.ts'

const held = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())
const used = held.when(revoked({}, unmapped()), later(50), faulted())

it('an invalidate known by its return alone: what was unmapped before may have been on its behalf', async () => {
  const whole = await used.judge(finding('use-after-revoke'))
  expect(whole.revocations).toMatchObject([{ verdict: 'violated' }])
  const less = await used.without('dbuf_inval').judge(finding('use-after-revoke'))
  expect(less.revocations).toMatchObject([{ verdict: 'undetermined' }])
})

it('moves known by their returns alone: neither the revocation nor the reset is clean', async () => {
  const right = held.when(revoked({}, unmapped()), reset())
  const whole = await right.judge()
  expect([whole.revocations[0]?.verdict, whole.resets[0]?.verdict]).toEqual(['clean', 'clean'])
  const less = await right.without('vfiodb_move').judge(besides('reset-without-revoke', 'fences-not-awaited'))
  expect([less.revocations[0]?.verdict, less.resets[0]?.verdict]).toEqual(['undetermined', 'undetermined'])
})

it('fences of which no signal was recorded: that one was pending is not certain', async () => {
  const { fencesAwaited, fenceAdded, fenceSignalled, invalidated, move, EXPORTER } = await import(
    '../../support/trace.ts'
  )
  const story = given(exported(), attached(), mapped(), fencesAwaited({}, 0), fenceAdded()).when(
    move(1, EXPORTER, 'ioctl', invalidated({}, unmapped())),
    later(1),
    reset(),
    fenceSignalled(),
  )
  await story.judge(finding('fences-not-awaited'), besides('late-fence'))
  await story
    .without('dma_fence_signaled')
    .judge(finding('fences-not-awaited', { missing: /no dma_fence_signaled event in this trace/ }))
})

it.each([
  ['maps', ['dbuf_map'], ['undetermined', 'undetermined']],
  ['unmaps', ['dbuf_unmap', 'dbuf_unmap_ret'], ['undetermined', 'undetermined']],
  ['attaches', ['dma_buf_dynamic_attach', 'dbuf_attached', 'dbuf_attach_ret'], ['undetermined', 'clean']],
  ['exports', ['dma_buf_export', 'dbuf_export', 'vfiodb_feature'], ['undetermined', 'clean']],
  ['invalidates', ['dbuf_inval', 'dbuf_inval_ret'], [undefined, 'undetermined']],
  ['moves', ['vfiodb_move', 'vfiodb_move_ret'], ['undetermined', 'undetermined']],
  ['waits for fences', ['dbuf_resv_wait', 'dbuf_resv_wait_ret'], ['clean', 'clean']],
  ['detaches, of which there were none', ['dbuf_detach'], ['clean', 'clean']],
])('a trace without %s: what of revoke and reset is clean still', async (_, names, verdicts) => {
  const opened = given(reset('open')).when(exported(), attached(), mapped(), revoked({}, unmapped()), reset())
  const folded = await opened.without(...names).judge(besides('leaked-mapping', 'reset-without-revoke', 'late-unmap'))
  expect([folded.revocations[0]?.verdict, folded.resets[1]?.verdict]).toEqual(verdicts)
})

it('a buffer that is attached and never mapped needs no unmap to be reset cleanly', async () => {
  const other = { exporter: 'udmabuf', ino: 2, attach: 2, sgt: 2 }
  const idle = given(reset('open')).when(
    exported(),
    attached(),
    exported(other),
    attached('legacy', other),
    mapped(other),
  )
  const { resets } = await idle.when(revoked(), reset()).judge(besides('leaked-mapping'))
  expect(resets[1]?.verdict).toBe('clean')
})

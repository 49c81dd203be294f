import { describe, it } from 'vitest'
import { lost } from '../../support/printer.ts'
import { finding, given, nothing } from '../../support/story.ts'
import { attached, detached, exported, pinned, unpinned } from '../../support/trace.ts'

const second = { attach: 2 }
/** Another attachment, so that both calls are known to be recorded. */
const shown = given(exported(), attached('unheard', second), pinned(second), unpinned(second), detached(second))
const held = shown.when(attached('unheard'))

describe('pin-imbalance', () => {
  it('is a detach with pins left', async () => {
    await held
      .when(pinned(), pinned(), unpinned(), detached())
      .judge(finding('pin-imbalance', { severity: 'warning', ino: 1, summary: /1 pins left/ }))
  })

  it('is an unpin too many', async () => {
    await held
      .when(pinned(), unpinned(), unpinned(), detached())
      .judge(finding('pin-imbalance', { summary: /1 unpins too many/ }))
  })

  it('is nothing where they balance', async () => {
    await held.when(pinned(), unpinned(), detached()).judge(nothing('pin-imbalance'))
  })

  it('counts no pin that failed', async () => {
    await held.when(pinned({}, -95), detached()).judge(nothing('pin-imbalance'))
  })

  it('is undetermined where unpins were not recorded', async () => {
    await held
      .when(pinned(), unpinned(), detached())
      .without('dbuf_unpin')
      .judge(finding('pin-imbalance', { missing: /no unpin event/, times: 2 }))
  })

  it('is undetermined across a loss', async () => {
    await held.when(pinned(), lost(1), detached()).judge(finding('pin-imbalance', { missing: /1 events lost/ }))
  })
})

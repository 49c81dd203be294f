import { describe, expect, it } from 'vitest'
import { lost } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import { attached, closed, exported, mapped, reset, restored, revoked, unmapped } from '../../support/trace.ts'

const shown = given(exported(), attached(), mapped(), revoked({}, unmapped()), restored())
const held = shown.when(mapped({ sgt: 2 }))
const also = besides('reset-while-mapped')

describe('reset-without-revoke', () => {
  it('is an error with mappings live', async () => {
    await held.when(reset('sysfs')).judge(
      finding('reset-without-revoke', {
        severity: 'error',
        ino: 1,
        evidence: ['dma_buf_export', 'vfiodb_move_ret', 'pcirst_fn', 'pcirst_disable', 'pcirst_fn_ret'],
      }),
      also,
    )
  })

  it('is a warning with nothing mapped', async () => {
    await shown.when(reset('sysfs')).judge(finding('reset-without-revoke', { severity: 'warning' }))
  })

  it('is nothing while the buffer is revoked', async () => {
    const folded = await held.when(revoked({}, unmapped({ sgt: 2 })), reset()).judge(nothing('reset-without-revoke'))
    expect(folded.resets.map((row) => row.verdict)).toEqual(['clean'])
  })

  it('is nothing where the move alone was recorded, or only its return', async () => {
    const reset1 = held.when(revoked({}, unmapped({ sgt: 2 })), reset())
    await reset1.without('dbuf_inval').judge(nothing('reset-without-revoke'))
    await reset1.without('dbuf_inval', 'dbuf_inval_ret').judge(nothing('reset-without-revoke'))
    await reset1.without('vfiodb_move', 'dbuf_inval', 'dbuf_inval_ret').judge(nothing('reset-without-revoke'))
  })

  it('is nothing at open, and nothing after the close', async () => {
    await given(reset('open'), exported()).judge(nothing('reset-without-revoke'))
    await given(exported(), attached(), mapped(), closed({}, unmapped()))
      .when(reset('sysfs'))
      .judge(nothing('reset-without-revoke'))
  })

  it('is undetermined where no revoke could have been seen', async () => {
    await given(exported(), attached(), mapped())
      .when(reset('sysfs'))
      .judge(finding('reset-without-revoke', { missing: /no invalidate or device-move event/ }), also)
  })

  it('is undetermined across a loss, which may hide the revoke', async () => {
    await shown.when(lost(8), reset('sysfs')).judge(finding('reset-without-revoke', { missing: /8 events lost/ }))
  })
})

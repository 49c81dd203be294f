import { describe, expect, it } from 'vitest'
import { bufinfo } from '../../support/bufinfo.ts'
import { all, by, event, lost } from '../../support/printer.ts'
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

describe('a buffer that is older than the trace', () => {
  const RULE = 'reset-without-revoke'
  const own = { exporter: 'dbtest' }
  const other = { ino: 2, attach: 2 }
  const touched = all(
    event('pcirst_dbt', '(dbt_hw_reset+0x4/0x20 [dbtest]) dev=0xffff889ac10560d0 ms=30'),
    event('pcirst_dbt_ret', '(dbt_ioctl+0x3af/0x73a [dbtest] <- dbt_hw_reset)'),
  )
  /** That revokes show in this trace is known by another's. */
  const shows = by('qemu', 301, exported(other), revoked(other))

  it('may have been revoked before it', async () => {
    await given(shows, attached('unheard', own), touched).judge(
      finding(RULE, { ino: 1, missing: /^buffer 1 is older than the trace, and may have been revoked before it/ }),
    )
  })

  it('was not revoked where it was mapped', async () => {
    await given(shows, attached('unheard', own), mapped(own), touched).judge(
      finding(RULE, { ino: 1, severity: 'error', evidence: ['pcirst_dbt', 'pcirst_dbt_ret'] }),
      also,
    )
  })

  it('was not revoked where it was restored', async () => {
    await given(shows, attached(), revoked(), restored(), reset('sysfs')).judge(
      finding(RULE, {
        ino: 1,
        severity: 'warning',
        evidence: ['vfiodb_move_ret', 'pcirst_fn', 'pcirst_disable', 'pcirst_fn_ret'],
      }),
    )
  })

  it('is not known by a snapshot alone where an event is about it', async () => {
    const listed = bufinfo([{ ino: 1, exporter: 'dbtest' }])
    await given(shows, attached('unheard', own), mapped(own), touched)
      .seenAt(-5, listed)
      .judge(finding(RULE, { ino: 1, severity: 'error' }), also)
    await given(shows, touched)
      .seenAt(-5, listed)
      .judge(finding(RULE, { ino: 1, missing: /^only a snapshot shows/ }))
  })
})

import { describe, it } from 'vitest'
import { by, lost } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import { attached, exported, mapped, reset, restored, revoked, unmapped } from '../../support/trace.ts'

const gone = given(exported(), attached(), mapped(), revoked({}, unmapped()))

describe('early-restore', () => {
  it('is an un-revoke by somebody else while the device is being reset', async () => {
    await gone
      .when(reset('sysfs', {}, by('qemu', 301, restored())))
      .judge(finding('early-restore', { severity: 'error', ino: 1, evidence: ['pcirst_disable', 'vfiodb_move'] }))
  })

  it('is nothing after the reset', async () => {
    await gone.when(reset(), restored()).judge(nothing('early-restore'))
  })

  it('is nothing for another device of the set', async () => {
    const other = { ino: 2, device: '0000:05:00.0' }
    await given(exported(), exported(other))
      .when(revoked(), revoked(other), reset('ioctl', {}, by('qemu', 301, restored(other))))
      .judge(nothing('early-restore'))
  })

  it('is undetermined across a loss, which may hide the end of the reset', async () => {
    await gone
      .when(reset('sysfs', {}, by('qemu', 301, restored()), lost(2)))
      .judge(finding('early-restore', { verdict: 'undetermined', missing: /2 events lost/ }), besides('incomplete-log'))
  })
})

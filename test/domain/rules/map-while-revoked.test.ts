import { describe, expect, it } from 'vitest'
import { by, lost, type Step } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import {
  attached,
  EXPORTER,
  exported,
  invalidated,
  mapped,
  mapRefused,
  move,
  reset,
  restored,
  revoked,
  unmapped,
} from '../../support/trace.ts'

const held = given(exported(), attached(), mapped())
const gone = held.when(revoked({}, unmapped()))
/** The next event bears the time of the one before. */
const atOnce: Step = (print) => {
  print.now -= 50
}

describe('map-while-revoked', () => {
  it('is a map that succeeds between revoke and restore', async () => {
    await gone.when(mapped({ sgt: 2 })).judge(
      finding('map-while-revoked', {
        severity: 'critical',
        ino: 1,
        importer: '0000:02:00.0',
        evidence: ['vfiodb_move', 'dbuf_inval', 'dbuf_inval_ret', 'dbuf_map'],
      }),
    )
  })

  it('leaves no reset clean that it falls into', async () => {
    const { resets } = await gone
      .when(reset('ioctl'), reset('ioctl', {}, by('qemu', 201, mapped({ sgt: 2 }))), restored())
      .judge(finding('map-while-revoked'))
    expect(resets.map(({ verdict }) => verdict)).toEqual(['clean', 'violated'])
  })

  it('is not a map that failed and printed what the dereference left', async () => {
    await gone.when(mapRefused()).judge(nothing('map-while-revoked'))
  })

  it('is not a map after the restore', async () => {
    await gone.when(restored(), mapped({ sgt: 2 })).judge(nothing('map-while-revoked'))
  })

  it('is not a map inside the un-revoke, after the buffer had its own invalidate', async () => {
    await gone.when(move(0, EXPORTER, 'ioctl', invalidated(), mapped({ sgt: 2 }))).judge(nothing('map-while-revoked'))
  })

  it('is not another buffer of the device whose turn has not come', async () => {
    await given(exported(), exported({ ino: 2 }), attached(), attached('dynamic', { ino: 2, attach: 2 }))
      .when(
        move(
          1,
          EXPORTER,
          'ioctl',
          invalidated(),
          mapped({ ino: 2, attach: 2 }),
          invalidated({ ino: 2 }, unmapped({ ino: 2, attach: 2 })),
        ),
      )
      .judge(nothing('map-while-revoked'))
  })

  it('is not for an exporter that only moves its buffers', async () => {
    const drm = { exporter: 'drm' }
    await given(exported(drm), attached('dynamic', drm), mapped(drm))
      .when(invalidated(drm, unmapped(drm)), mapped({ ...drm, sgt: 2 }))
      .judge(nothing('map-while-revoked'))
  })

  it('is not a mapping that only its unmap tells of', async () => {
    await held.when(revoked({}, unmapped())).without('dbuf_map').judge(nothing('map-while-revoked'))
  })

  it('is undetermined across a loss, which may hide the restore', async () => {
    await gone.when(lost(40), mapped({ sgt: 2 })).judge(finding('map-while-revoked', { missing: /40 events lost/ }))
  })

  it('is undetermined where both bear the same time', async () => {
    await held
      .when(move(1, EXPORTER, 'ioctl', invalidated({}, unmapped()), atOnce, by('kworker/1:1', 201, mapped({ sgt: 2 }))))
      .judge(finding('map-while-revoked', { missing: /same time stamp/ }), besides('late-unmap'))
  })
})

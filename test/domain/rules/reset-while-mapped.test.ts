import { describe, it } from 'vitest'
import { by, event, lost } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import { attached, detached, exported, IMPORTER, mapped, reset, revoked, unmapped } from '../../support/trace.ts'

const ready = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }))
const held = ready.when(mapped())
const alone = besides('reset-without-revoke')

describe('reset-while-mapped', () => {
  it('is a reset of the exporter with a mapping live', async () => {
    await held.when(reset('sysfs')).judge(
      finding('reset-while-mapped', {
        severity: 'critical',
        ino: 1,
        importer: '0000:02:00.0',
        evidence: ['dbuf_map', 'pcirst_disable', 'pcirst_fn_ret'],
        summary: /\(flr, sysfs\)/,
      }),
      alone,
    )
  })

  it('is one finding for each mapping', async () => {
    await held
      .when(mapped({ sgt: 2, iova: '0xfffe0000' }), reset('sysfs'))
      .judge(finding('reset-while-mapped', { times: 2 }), alone)
  })

  it('takes a mapping for live until its unmap has returned', async () => {
    await held.when(unmapped({}, by('ioctl', 301, reset('sysfs')))).judge(finding('reset-while-mapped'), alone)
  })

  it('sees a map while the reset runs', async () => {
    await ready.when(reset('sysfs', {}, by('gpu', 301, mapped()))).judge(finding('reset-while-mapped'), alone)
  })

  it('is not a reset after the revoke had everything unmapped', async () => {
    await held.when(revoked({}, unmapped()), reset()).judge(nothing('reset-while-mapped'))
  })

  it('is not a reset of the importer', async () => {
    await held.when(reset('sysfs', { device: IMPORTER })).judge(nothing('reset-while-mapped'))
  })

  it('is not the reset at open, before there are buffers', async () => {
    await given(reset('open'), exported(), attached()).when(mapped()).judge(nothing('reset-while-mapped'))
  })

  it.each([-11, -25])('is not a reset that failed with %i before it touched the device', async (ret) => {
    await held.when(reset('sysfs', { ret })).judge(nothing('reset-while-mapped'))
  })

  it('is not a map after the thread has gone on, though the end of the reset was not recorded', async () => {
    await ready
      .when(reset('ioctl'), mapped(), unmapped(), detached())
      .without('pcirst_flr_ret', 'pcirst_try_ret', 'pcirst_restore', 'console')
      .judge(nothing('reset-while-mapped'), alone)
  })

  it('is undetermined where unmaps were not recorded', async () => {
    await held
      .when(reset('sysfs'))
      .without('dbuf_unmap', 'dbuf_unmap_ret')
      .judge(finding('reset-while-mapped', { missing: /dma_buf_unmap_attachment/, times: 2 }), alone)
  })

  it('is certain without them where the IOMMU still translates the address', async () => {
    const range = 'IOMMU: iova=0x00000000ffff0000 - 0x00000000ffff4000 paddr=0x00000000fc000000 size=16384'
    const translated = given(exported(), attached(), event('map', range), mapped())
    await translated.when(reset('sysfs')).judge(finding('reset-while-mapped'), alone)
    const over = event('unmap', 'IOMMU: iova=0x00000000ffff0000 - 0x00000000ffff4000 size=16384 unmapped_size=16384')
    await translated
      .when(over, reset('sysfs'))
      .judge(finding('reset-while-mapped', { missing: /was its probe set/ }), alone)
  })

  it('is undetermined across a loss, which may hide the unmap', async () => {
    await held.when(lost(5), reset('sysfs')).judge(finding('reset-while-mapped', { missing: /5 events lost/ }), alone)
  })

  it('is undetermined where no event names the device of the buffer', async () => {
    await held
      .when(reset('sysfs'))
      .without('vfiodb_feature')
      .judge(finding('reset-while-mapped', { missing: /no event names the device/ }))
  })
})

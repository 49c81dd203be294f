import { describe, expect, it } from 'vitest'
import { by, event, lost } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import {
  attached,
  attachOf,
  detached,
  exported,
  IMPORTER,
  mapped,
  reset,
  restored,
  revoked,
  sgtOf,
  unmapped,
} from '../../support/trace.ts'

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

describe('two mappings whose first unmaps are under way in a reset', () => {
  const upper = { sgt: 2, iova: '0xfffe0000' }
  const entry = (sgt: number) =>
    event('dbuf_unmap', `(dma_buf_unmap_attachment+0x4/0x80) ino=1 attach=${attachOf({})} sgt=${sgtOf(sgt)}`)
  const end = event(
    'dbuf_unmap_ret',
    `(drop+0x26/0x50 [dbtest] <- dma_buf_unmap_attachment) ino=1 attach=${attachOf({})} sgt=${sgtOf(1)}`,
  )

  it('are judged each by its own return', async () => {
    const { findings } = await given(exported(), attached(), mapped(), mapped(upper))
      .when(by('lazy', 301, entry(1)), by('lazier', 302, entry(2)), reset('sysfs'), by('lazy', 301, end))
      .judge(
        finding('reset-while-mapped', {
          evidence: ['dbuf_map', 'pcirst_disable', 'pcirst_fn_ret', 'dbuf_unmap_ret'],
          importer: IMPORTER,
        }),
        finding('reset-while-mapped', {
          missing: /its return does not show/,
          evidence: ['dbuf_map', 'pcirst_disable', 'pcirst_fn_ret'],
        }),
        alone,
      )
    const said = findings.filter(({ rule }) => rule === 'reset-while-mapped')
    expect(said.map(({ iova, verdict }) => [iova, verdict])).toEqual([
      [0xffff0000n, 'violated'],
      [0xfffe0000n, 'undetermined'],
    ])
  })

  it('are proved by no entry', async () => {
    await given(exported(), attached(), mapped())
      .when(by('lazy', 301, entry(1)), reset('sysfs'), by('lazy', 301, detached()))
      .judge(
        finding('reset-while-mapped', {
          missing: /its return does not show/,
          evidence: ['dbuf_map', 'pcirst_disable', 'pcirst_fn_ret'],
        }),
        alone,
      )
  })
})

describe('the revocation that a mapping outlived', () => {
  const verdicts = ({ revocations }: { revocations: { verdict: string }[] }) => revocations.map((row) => row.verdict)

  it('is to blame for the reset that came in it', async () => {
    const story = held.when(revoked(), reset('sysfs', {}, by('qemu', 301, restored())), unmapped())
    const folded = await story.judge(finding('reset-while-mapped'), besides('early-restore'))
    expect(verdicts(folded)).toEqual(['violated'])
  })

  it('is not to blame for one after its restore, nor before it', async () => {
    const after = await held
      .when(revoked(), restored(), reset('sysfs'), unmapped())
      .judge(finding('reset-while-mapped'), alone)
    expect(verdicts(after)).toEqual(['undetermined'])
    const before = await held
      .when(reset('sysfs', {}, by('qemu', 301, revoked({}, unmapped()))))
      .judge(finding('reset-while-mapped'), alone)
    expect(verdicts(before)).not.toContain('violated')
  })
})

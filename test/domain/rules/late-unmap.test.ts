import { describe, it } from 'vitest'
import { by, later, lost } from '../../support/printer.ts'
import { besides, finding, given, givenOptions, nothing, type Story } from '../../support/story.ts'
import {
  attached,
  detached,
  EXPORTER,
  exported,
  fencesAwaited,
  type ImporterKind,
  invalidated,
  mapped,
  move,
  unmapped,
} from '../../support/trace.ts'

/** Its exporter waits, in `vfio_pci_dma_buf_move()`, until another task has unmapped. */
const lazy = (ms: number, options: unknown = {}, kind: ImporterKind = 'dynamic'): Story =>
  givenOptions(options, exported(), attached(kind), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped()).when(
    move(1, EXPORTER, 'ioctl', invalidated(), fencesAwaited(), later(ms), by('kworker/1:2', 201, unmapped())),
  )

describe('late-unmap', () => {
  it('is a warning from one second on', async () => {
    await lazy(3000).judge(
      finding('late-unmap', {
        severity: 'warning',
        ino: 1,
        importer: '0000:02:00.0',
        evidence: ['dbuf_map', 'dbuf_inval', 'dbuf_resv_wait_ret', 'dbuf_unmap', 'dbuf_unmap_ret'],
      }),
    )
  })

  it('is an error from ten seconds on', async () => {
    await lazy(10_001).judge(finding('late-unmap', { severity: 'error' }))
  })

  it('is nothing within the deadline', async () => {
    await lazy(900).judge(nothing('late-unmap'))
  })

  it('has deadlines that can be set', async () => {
    const thresholds = { lateUnmapWarning: '100000000', lateUnmapError: '800000000' }
    await lazy(500, { thresholds }).judge(finding('late-unmap', { severity: 'warning' }))
    await lazy(900, { thresholds }).judge(finding('late-unmap', { severity: 'error' }))
  })

  it('counts from the moment that the fences had drained', async () => {
    const slowFences = [invalidated(), later(2000), fencesAwaited(), later(500), by('kworker/1:2', 201, unmapped())]
    await given(exported(), attached(), mapped())
      .when(move(1, EXPORTER, 'ioctl', ...slowFences))
      .judge(nothing('late-unmap'))
  })

  it('counts an unmap by detach', async () => {
    await given(exported(), attached(), mapped({ sgt: 7 }), unmapped({ sgt: 7 }), mapped())
      .when(move(1, EXPORTER, 'ioctl', invalidated(), later(3000), by('tool', 201, detached())))
      .judge(finding('late-unmap', { severity: 'warning' }))
  })

  it('is undetermined by a detach where no unmap could have been recorded', async () => {
    await given(exported(), attached(), mapped())
      .when(move(1, EXPORTER, 'ioctl', invalidated(), later(3000), by('tool', 201, detached())))
      .judge(finding('late-unmap', { severity: 'warning', missing: /dma_buf_unmap_attachment/ }))
  })

  it('is an error where it never comes, though the trace goes on', async () => {
    const never = move(1, EXPORTER, 'ioctl', invalidated(), fencesAwaited(), later(2000))
    await given(exported(), attached(), mapped({ sgt: 7 }), unmapped({ sgt: 7 }), mapped())
      .when(never)
      .judge(finding('late-unmap', { severity: 'error', summary: /when the trace ends/ }))
  })

  it('is undetermined where the trace ends within the deadline', async () => {
    const soon = move(1, EXPORTER, 'ioctl', invalidated(), fencesAwaited(), later(20))
    await given(exported(), attached(), mapped())
      .when(soon)
      .judge(finding('late-unmap', { missing: /within its deadline/ }))
  })

  it('is undetermined where unmaps were not recorded', async () => {
    await lazy(3000)
      .without('dbuf_unmap', 'dbuf_unmap_ret')
      .judge(finding('late-unmap', { missing: /dma_buf_unmap_attachment.*was its probe set/, times: 2 }))
  })

  it('is undetermined where nobody knows whether the importer can be told', async () => {
    await lazy(3000)
      .without('dbuf_attached', 'dbuf_attach_ret')
      .judge(finding('late-unmap', { missing: /whether this importer can be told/ }))
  })

  it('is undetermined across a loss', async () => {
    await given(exported(), attached(), mapped())
      .when(move(1, EXPORTER, 'ioctl', invalidated(), fencesAwaited(), later(2000), lost(9), later(1000), unmapped()))
      .judge(finding('late-unmap', { missing: /9 events lost/ }))
  })

  it('knows no deadline for importers without the callback', async () => {
    await lazy(3000, {}, 'legacy').judge(nothing('late-unmap'), besides('invalidate-ignored', 'non-revocable-importer'))
  })
})

import { describe, it } from 'vitest'
import { event, lost } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import { attached, exported, invalidated, mapped, restored, unmapped } from '../../support/trace.ts'

const gpu = { exporter: 'drm' }
const shown = given(exported(gpu), attached('pinned', gpu), mapped({ ...gpu, sgt: 9 }), unmapped({ ...gpu, sgt: 9 }))
const held = shown.when(mapped(gpu))

describe('invalidate-ignored', () => {
  it.each(['legacy', 'pinned', 'old'] as const)('is an invalidate over the mapping of a %s importer', async (kind) => {
    await given(exported(gpu), attached(kind, gpu), mapped(gpu))
      .when(invalidated(gpu), unmapped(gpu))
      .judge(
        finding('invalidate-ignored', {
          severity: 'error',
          ino: 1,
          importer: '0000:02:00.0',
          evidence: ['dma_buf_dynamic_attach', 'dbuf_map', 'dbuf_inval'],
        }),
      )
  })

  it('is one finding a mapping, however often it is told', async () => {
    await held
      .when(invalidated(gpu), invalidated(gpu), invalidated(gpu), unmapped(gpu))
      .judge(finding('invalidate-ignored'))
    await held
      .when(mapped({ ...gpu, sgt: 2 }), invalidated(gpu), unmapped(gpu), unmapped({ ...gpu, sgt: 2 }))
      .judge(finding('invalidate-ignored', { times: 2 }))
  })

  it('is nothing where the mapping had gone', async () => {
    await held.when(unmapped(gpu), invalidated(gpu)).judge(nothing('invalidate-ignored'))
  })

  it('is nothing for importers that can hear it', async () => {
    await given(exported(gpu), attached('dynamic', gpu), mapped(gpu))
      .when(invalidated(gpu), unmapped(gpu))
      .judge(nothing('invalidate-ignored'))
  })

  it('is nothing where nobody knows whether they can', async () => {
    await held
      .when(invalidated(gpu), unmapped(gpu))
      .without('dbuf_attached', 'dbuf_attach_ret')
      .judge(nothing('invalidate-ignored'))
  })

  it('is not the invalidate of an un-revoke', async () => {
    await given(exported(), attached('pinned'), mapped())
      .when(restored())
      .judge(nothing('invalidate-ignored'), besides('non-revocable-importer'))
  })

  it('is undetermined where unmaps were not recorded, unless the IOMMU still translates', async () => {
    await held
      .when(invalidated(gpu))
      .without('dbuf_unmap', 'dbuf_unmap_ret')
      .judge(finding('invalidate-ignored', { missing: /dma_buf_unmap_attachment/, times: 2 }))
    const range = 'IOMMU: iova=0x00000000ffff0000 - 0x00000000ffff4000 paddr=0x00000000fc000000 size=16384'
    await given(exported(gpu), attached('pinned', gpu), event('map', range), mapped(gpu))
      .when(invalidated(gpu))
      .judge(finding('invalidate-ignored'))
  })

  it('is undetermined across a loss', async () => {
    await held
      .when(lost(6), invalidated(gpu), unmapped(gpu))
      .judge(finding('invalidate-ignored', { missing: /6 events lost/ }))
  })
})

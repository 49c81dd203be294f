import { describe, it } from 'vitest'
import { finding, given, nothing } from '../../support/story.ts'
import { attached, detached, exported, invalidated, mapped, refused, reset, unmapped } from '../../support/trace.ts'

describe('non-revocable-importer', () => {
  it.each(['legacy', 'pinned', 'old'] as const)(
    'is a %s importer that an exporter accepted which revokes',
    async (kind) => {
      await given(exported())
        .when(attached(kind), detached())
        .judge(finding('non-revocable-importer', { severity: 'error', ino: 1, importer: '0000:02:00.0' }))
    },
  )

  it('is one finding, however many probes report the attach and whatever follows', async () => {
    await given(exported())
      .when(attached('legacy'), reset('open'), reset('open'), detached())
      .judge(finding('non-revocable-importer', { evidence: ['dma_buf_dynamic_attach'] }))
  })

  it('is known from the native event alone for a legacy importer, and for no other', async () => {
    const bare = ['dbuf_attached', 'dbuf_attach_ret']
    await given(exported())
      .when(attached('legacy'))
      .without(...bare)
      .judge(finding('non-revocable-importer'))
    await given(exported())
      .when(attached('pinned'))
      .without(...bare)
      .judge(nothing('non-revocable-importer'))
  })

  it('is no importer with the callback, listed or not', async () => {
    await given(exported())
      .when(attached('dynamic'), attached('unheard', { attach: 2 }))
      .judge(nothing('non-revocable-importer'))
  })

  it('concerns RDMA memory as well', async () => {
    const rdma = { exporter: 'ib_uverbs' }
    await given(exported(rdma)).when(attached('pinned', rdma), detached()).judge(finding('non-revocable-importer'))
  })

  it.each(['udmabuf', 'system', 'drm'])('is nothing for %s, which never revokes', async (exporter) => {
    await given(exported({ exporter })).when(attached('legacy', { exporter })).judge(nothing('non-revocable-importer'))
  })

  it('is only information where the exporter refused it with -EOPNOTSUPP', async () => {
    await given(exported())
      .when(refused('legacy', 95))
      .judge(finding('non-revocable-importer', { severity: 'info', evidence: ['dbuf_attach_ret'] }))
  })

  it('is not a refusal for another reason', async () => {
    await given(exported()).when(refused('legacy', 19)).judge(nothing('non-revocable-importer'))
  })

  it('is not a mover, though it invalidates', async () => {
    const drm = { exporter: 'drm' }
    await given(exported(drm), attached('legacy', drm))
      .when(mapped(drm), unmapped(drm), invalidated(drm))
      .judge(nothing('non-revocable-importer'))
  })
})

import { describe, it } from 'vitest'
import { all, event, lost } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import {
  attached,
  attachOf,
  detached,
  exported,
  invalidated,
  mapped,
  refused,
  reset,
  sgtOf,
  unmapped,
} from '../../support/trace.ts'

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

  it('is not a refusal by an exporter that never revokes', async () => {
    const vmwgfx = { exporter: 'vmwgfx' }
    await given(exported(vmwgfx))
      .when(refused('legacy', 95, vmwgfx))
      .judge(nothing('non-revocable-importer'))
  })

  it('is not a mover, though it invalidates', async () => {
    const drm = { exporter: 'drm' }
    await given(exported(drm), attached('legacy', drm))
      .when(mapped(drm), unmapped(drm), invalidated(drm))
      .judge(nothing('non-revocable-importer'))
  })

  describe('with an exporter that was seen to invalidate and then reset', () => {
    const own = { exporter: 'dbtest' }
    const accepted = given(exported(own), attached('legacy', own))
    const told = invalidated(own)
    const touched = all(
      event('pcirst_dbt', '(dbt_hw_reset+0x4/0x20 [dbtest]) dev=0xffff889ac10560d0 ms=30'),
      event('pcirst_dbt_ret', '(dbt_ioctl+0x3af/0x73a [dbtest] <- dbt_hw_reset)'),
    )
    const others = besides('reset-without-revoke', 'fences-not-awaited')

    it('is proved', async () => {
      await accepted.when(told, touched, detached(own)).judge(finding('non-revocable-importer'), others)
    })

    it('is undetermined across a loss, which may hide the detach', async () => {
      const missing = { missing: /2 events lost/ }
      await accepted.when(lost(2), told, touched).judge(finding('non-revocable-importer', missing), others)
      await accepted.when(told, lost(2), touched).judge(finding('non-revocable-importer', missing), others)
    })

    it('is undetermined where the invalidate before the reset may be among what was lost', async () => {
      await accepted
        .when(lost(2), touched, told)
        .judge(finding('non-revocable-importer', { missing: /an invalidate before the reset may be among/ }), others)
      await accepted.when(touched, told).judge(nothing('non-revocable-importer'), others)
    })

    it('is nobody who can be told, nor who came after that reset', async () => {
      await given(exported(own), attached('legacy', own), attached('unheard', { ...own, attach: 2 }))
        .when(lost(2), touched, attached('legacy', { ...own, attach: 3 }), told)
        .judge(finding('non-revocable-importer', { missing: /an invalidate before the reset may be among/ }), others)
    })
  })
})

describe('what was lost before an importer of a revoking exporter came', () => {
  it('hides no invalidate that it could have ignored', async () => {
    const own = { exporter: 'dbtest' }
    const touched = all(
      event('pcirst_dbt', '(dbt_hw_reset+0x4/0x20 [dbtest]) dev=0xffff889ac10560d0 ms=30'),
      event('pcirst_dbt_ret', '(dbt_ioctl+0x3af/0x73a [dbtest] <- dbt_hw_reset)'),
    )
    await given(exported(own), lost(2), event('my_mark', ''), attached('legacy', own))
      .when(touched, invalidated(own))
      .judge(nothing('non-revocable-importer'), besides('reset-without-revoke'))
  })
})

describe('an importer whose attach is older than the trace', () => {
  it('was accepted as what the map shows it to be', async () => {
    const own = { exporter: 'dbtest' }
    const shown = `dir=0 ops=0x0 sgt=${sgtOf(1)} nents=1 iova=0xffff0000 len=16384`
    await given(
      event('dbuf_map', `(map+0x47/0x80 [dbtest] <- dma_buf_map_attachment) ino=1 attach=${attachOf({})} ${shown}`),
      invalidated(own),
      event('pcirst_dbt', '(dbt_hw_reset+0x4/0x20 [dbtest]) dev=0xffff889ac10560d0 ms=30'),
      event('pcirst_dbt_ret', '(dbt_ioctl+0x3af/0x73a [dbtest] <- dbt_hw_reset)'),
    ).judge(finding('non-revocable-importer', { ino: 1, evidence: ['dbuf_inval', 'pcirst_dbt'] }))
  })
})

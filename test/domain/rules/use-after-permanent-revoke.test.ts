import { describe, expect, it } from 'vitest'
import { by, event, later, lost } from '../../support/printer.ts'
import { finding, given, nothing } from '../../support/story.ts'
import {
  attached,
  closed,
  dmabufOf,
  EXPORTER,
  exported,
  IMPORTER,
  invalidated,
  mapped,
  mapRefused,
  move,
  refused,
  released,
  unmapped,
} from '../../support/trace.ts'

const dead = given(exported(), attached(), mapped(), closed({}, unmapped()))

describe('use-after-permanent-revoke', () => {
  it('is a map after the close of the device', async () => {
    await dead
      .when(mapped({ sgt: 2 }))
      .judge(
        finding('use-after-permanent-revoke', { severity: 'error', ino: 1, evidence: ['vfiodb_move', 'dbuf_map'] }),
      )
  })

  it('is an attach after it', async () => {
    await dead.when(later(200), attached('dynamic', { attach: 2 })).judge(finding('use-after-permanent-revoke'))
  })

  it('takes the trailing un-revoke of the close for no restore', async () => {
    const { buffers } = await dead
      .when(move(0, EXPORTER), mapped({ sgt: 2 }))
      .judge(finding('use-after-permanent-revoke'))
    expect(buffers[0]?.state).toBe('dead')
  })

  it('is an un-revoke that reaches the buffer itself', async () => {
    await dead.when(move(0, EXPORTER, 'ioctl', invalidated())).judge(
      finding('use-after-permanent-revoke', {
        summary: /was restored after it had been revoked for good/,
        evidence: ['vfiodb_move', 'dbuf_inval'],
      }),
    )
  })

  it('is not what was refused', async () => {
    await dead.when(later(200), mapRefused(), refused('dynamic', 19)).judge(nothing('use-after-permanent-revoke'))
  })

  it('is not the next buffer of the device', async () => {
    await dead
      .when(
        released(),
        exported({ ino: 2 }),
        move(0, EXPORTER),
        attached('dynamic', { ino: 2, attach: 3 }),
        mapped({ ino: 2, attach: 3 }),
      )
      .judge(nothing('use-after-permanent-revoke'))
  })

  it('concerns RDMA memory from its one invalidate on', async () => {
    const rdma = { exporter: 'ib_uverbs' }
    const destroy = [
      event('dbuf_inval', '(dma_buf_invalidate_mappings+0x4/0x50) ino=1 exp="ib_uverbs" dmabuf=0xffff888110000010'),
    ]
    const { revocations } = await given(exported(rdma), attached('dynamic', rdma), mapped(rdma), unmapped(rdma))
      .when(...destroy)
      .judge(nothing('use-after-permanent-revoke'))
    expect(revocations).toMatchObject([{ cause: 'destroy', permanent: true }])
  })

  it('is undetermined soon after, where the entry of the attach is not probed', async () => {
    await dead
      .when(attached('dynamic', { attach: 2 }))
      .judge(finding('use-after-permanent-revoke', { missing: /its entry is not probed/ }))
  })

  it('is undetermined across a loss', async () => {
    await dead
      .when(lost(3), mapped({ sgt: 2 }))
      .judge(finding('use-after-permanent-revoke', { missing: /3 events lost/ }))
  })
})

describe('an attach around the close of the device', () => {
  const RULE = 'use-after-permanent-revoke'
  const second = attached('dynamic', { attach: 2 })
  const entry = event(
    'my_attach',
    `(dma_buf_dynamic_attach+0x4/0x1a0) dmabuf=${dmabufOf({})} ino=1 dev="${IMPORTER}" importer_ops=0xffffffffc0200000`,
  )

  it('is certain at once where the entry shows that it began after it, and is said once', async () => {
    await dead
      .when(entry, second)
      .judge(finding(RULE, { evidence: ['vfiodb_move', 'my_attach', 'dma_buf_dynamic_attach'], importer: IMPORTER }))
  })

  it('is the harmless race where the entry came before', async () => {
    await given(exported())
      .when(by('importer', 201, entry), closed(), later(300), by('importer', 201, second))
      .judge(nothing(RULE))
  })

  // From the return of the invalidate to the attach are five events of 50 µs.
  it('may be that race until 100 ms have gone by', async () => {
    await dead.when(later(99.7), second).judge(finding(RULE, { missing: /its entry is not probed/ }))
    await dead.when(later(99.75), second).judge(finding(RULE))
  })

  it('is not judged where nothing shows when the buffer was revoked', async () => {
    const unseen = ['dbuf_inval', 'dbuf_inval_ret']
    await given(exported(), closed())
      .when(later(300), second)
      .without(...unseen)
      .judge(nothing(RULE))
    await given(exported(), attached(), closed())
      .when(mapped())
      .without(...unseen)
      .judge(finding(RULE, { evidence: ['dbuf_map'] }))
  })
})

describe('an un-revoke after a close of which no invalidate shows', () => {
  it('restores what is gone for good', async () => {
    const cleanup = event('vfiodb_cleanup', `(vfio_pci_dma_buf_cleanup+0x4/0xf0 [vfio_pci_core]) dev="${EXPORTER}"`)
    await given(exported(), cleanup, move(1, EXPORTER, 'close'))
      .when(move(0, EXPORTER, 'ioctl', invalidated()))
      .judge(finding('use-after-permanent-revoke', { ino: 1, summary: /was restored/, evidence: ['dbuf_inval'] }))
  })
})

import { describe, expect, it } from 'vitest'
import { importerByAttacher, importerByCallback } from '../../src/domain/importers.ts'
import { by, event, later } from '../support/printer.ts'
import { given } from '../support/story.ts'
import {
  attached,
  EXPORTER,
  exported,
  fencesAwaited,
  invalidated,
  mapped,
  mapRefused,
  move,
  pinned,
  refused,
  revoked,
  unmapped,
} from '../support/trace.ts'

async function importersOf(story: ReturnType<typeof given>) {
  const { folded } = await story.fold()
  return folded.attachments
}

describe('the class of an importer', () => {
  it.each([
    ['legacy', { class: 'legacy', basis: 'declared', callback: null }],
    ['pinned', { class: 'pinned', basis: 'declared', callback: null, p2p: true }],
    ['dynamic', { class: 'dynamic', callback: 'virtgpu_dma_buf_move_notify', p2p: true }],
    ['unheard', { class: 'dynamic', callback: 'dbt_inv' }],
    ['old', { class: 'pinned', callback: 'ib_umem_dmabuf_unsupported_move_notify' }],
  ] as const)('%s is read off its ops', async (kind, want) => {
    expect(await importersOf(given(exported(), attached(kind)))).toMatchObject([want])
  })

  it('believes nothing that was fetched through ops=0x0', async () => {
    // The probe prints `p2p=150` there: what the register happened to hold.
    expect(await importersOf(given(exported(), attached('legacy')))).toMatchObject([{ class: 'legacy', p2p: null }])
  })

  it('is pinned-revocable for an unheard callback that was pinned while mapped', async () => {
    expect(await importersOf(given(exported(), attached('unheard'), pinned(), mapped()))).toMatchObject([
      { class: 'pinned-revocable', pinned: true },
    ])
  })

  it('is observed once it has unmapped when told: in the callback, or deferred', async () => {
    const held = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())
    expect(await importersOf(held.when(revoked({}, unmapped())))).toMatchObject([
      { basis: 'observed', deferred: false, invalidations: 1 },
    ])
    const later_ = [invalidated(), fencesAwaited(), later(40), by('kworker/1:2', 201, unmapped())]
    expect(await importersOf(held.when(move(1, EXPORTER, 'ioctl', ...later_)))).toMatchObject([
      { basis: 'observed', deferred: true },
    ])
  })

  it('of a refused one is known by the same ops of an accepted one', async () => {
    const both = await importersOf(given(exported(), refused('unheard', 19), attached('unheard')))
    expect(both).toMatchObject([
      { refusedErrno: 19, class: 'dynamic', callback: 'dbt_inv' },
      { refusedErrno: null, class: 'dynamic' },
    ])
    expect(await importersOf(given(exported(), refused('unheard', 19)))).toMatchObject([
      { refusedErrno: 19, class: 'unknown', basis: 'unknown' },
    ])
  })

  it('is only unknown where the native event alone says that there are ops', async () => {
    const bare = given(exported(), attached()).without('dbuf_attached', 'dbuf_attach_ret')
    expect(await importersOf(bare)).toMatchObject([{ class: 'unknown', basis: 'unknown', attachment: '0x90000001' }])
  })
})

describe('the class of an importer whose ops no event shows', () => {
  const DEVICE = '0000:02:00.0'
  const returned = (caller: string, fn = 'dma_buf_dynamic_attach', device = DEVICE) =>
    event('mine', `(${caller} <- ${fn}) ino=1 dev="${device}" ret=0xffff888120000010`)
  const native = (dynamic: 0 | 1, device = DEVICE) =>
    event(
      'dma_buf_dynamic_attach',
      `exp_name=vfio_pci_core size=16384 ino=1 attachment:0000000090000001 is_dynamic=${dynamic} dev_name=${device}`,
    )
  const known = async (...steps: Parameters<typeof given>) => (await importersOf(given(exported(), ...steps)))[0]

  it.each([
    ['virtgpu_gem_prime_import+0xee/0x350 [virtio_gpu]', 'dynamic', 'virtgpu_dma_buf_move_notify'],
    ['drm_gem_prime_import_dev+0x5a/0x120 [drm]', 'legacy', null],
    ['net_devmem_bind_dmabuf+0x5a/0x120', 'legacy', null],
    // Inlined, or renamed: the module has one kind of importer.
    ['something_else+0x1/0x2 [videobuf2_dma_sg]', 'legacy', null],
    ['something_else+0x1/0x2 [xe]', 'dynamic', 'xe_dma_buf_move_notify'],
  ])('is inferred from the caller %s', async (caller, importer, callback) => {
    expect(await known(returned(caller))).toMatchObject({ class: importer, callback, basis: 'inferred' })
  })

  it.each([
    'ib_umem_dmabuf_get_with_dma_device+0xee/0x1f0 [ib_uverbs]',
    'mine_import+0x1/0x2 [mine]',
    'drm_gem_prime_import_dev+0x5a/0x120 [mine]',
    '0xffffffffc0100000',
  ])('is unknown where the caller is that of several kinds, or of nobody: %s', async (caller) => {
    expect(await known(returned(caller))).toMatchObject({ class: 'unknown', callback: null, basis: 'unknown' })
  })

  it('is declared by dma_buf_attach(), which hands on no ops', async () => {
    expect(await known(returned('mine+0x1/0x2 [mine]', 'dma_buf_attach'))).toMatchObject({
      class: 'legacy',
      basis: 'declared',
    })
    expect(await known(returned('dma_buf_attach+0x1/0x2'))).toMatchObject({ class: 'legacy', basis: 'declared' })
  })

  it('is inferred from the device where only one importer has it', async () => {
    expect(await known(native(1, 'iommu'))).toMatchObject({ class: 'private', basis: 'inferred' })
    expect(await known(native(1))).toMatchObject({ class: 'unknown', basis: 'unknown' })
    expect(await known(native(0))).toMatchObject({ class: 'legacy', basis: 'declared' })
  })

  it('is no legacy importer where the native event says that there are ops', async () => {
    expect(await known(native(1), returned('drm_gem_prime_import_dev+0x5a/0x120 [drm]'))).toMatchObject({
      class: 'unknown',
    })
  })

  it('is what its ops declare, whatever its caller is', async () => {
    expect(await known(attached('pinned'), returned('virtgpu_gem_prime_import+0xee/0x350 [virtio_gpu]'))).toMatchObject(
      {
        class: 'pinned',
        basis: 'declared',
      },
    )
  })
})

describe('importers by attacher', () => {
  const rdma = { device: null, caller: null, module: 'ib_uverbs' }

  it('are those on which all entries that may hold for the kernel agree', () => {
    const iommufd = { device: 'iommu', caller: null, module: null }
    expect(importerByAttacher(iommufd, null)?.class).toBe('private')
    expect(importerByAttacher(iommufd, { major: 6, minor: 12 })).toBeNull()
    expect(importerByAttacher(rdma, null)).toBeNull()
    expect(importerByAttacher(rdma, { major: 7, minor: 3 })).toBeNull()
  })
})

describe('what failed is not believed', () => {
  it('a map with an error pointer is no mapping, whatever else it prints', async () => {
    const { folded } = await given(exported(), attached(), mapRefused()).fold()
    expect(folded.mappings).toEqual([])
  })

  it('an attach that failed is refused, with its errno as number or as pointer', async () => {
    const { folded } = await given(
      exported(),
      refused('legacy', 95),
      event('mine', '(ioctl+0x1/0x2 <- dma_buf_dynamic_attach) dmabuf=0xffff888110000010 err=-95'),
    ).fold()
    expect(folded.attachments).toMatchObject([
      { refusedErrno: 95, ino: 1n },
      { refusedErrno: 95, ino: 1n },
    ])
  })

  it('an export that failed is no buffer', async () => {
    const failed = '(a+0x1/0x2 <- dma_buf_export) ino=0 exp="x" size=4096 dmabuf=0xfffffffffffffff4'
    const { folded } = await given(event('dbuf_export', failed)).fold()
    expect(folded.buffers).toEqual([])
  })

  it('a put of a freed buffer prints poison, and makes no buffer of it', async () => {
    const poison = 'exp_name=kkkkkkkk size=7740398493674204011 ino=7740398493674204011'
    const { folded } = await given(exported(), event('dma_buf_put', poison)).fold()
    expect(folded.buffers.map((b) => b.ino)).toEqual([1n])
  })
})

/** KERNEL.md §2.1. */
describe('importers of Linux 7.3', () => {
  const attacherOf = (caller: string | null) =>
    importerByAttacher({ device: null, caller, module: null }, { major: 7, minor: 3 })?.callback ?? null

  it.each([
    ['amdgpu_dma_buf_move_notify', 'dynamic', true, 'amdgpu_gem_prime_import'],
    ['xe_dma_buf_move_notify', 'dynamic', true, 'xe_gem_prime_import'],
    ['virtgpu_dma_buf_move_notify', 'dynamic', false, 'virtgpu_gem_prime_import'],
    ['mlx5_ib_dmabuf_invalidate_cb', 'dynamic', false, null],
    ['ib_umem_dmabuf_revoke_locked', 'pinned-revocable', false, null],
    ['iopt_revoke_notify', 'private', false, 'iopt_alloc_dmabuf_pages'],
    ['ib_umem_dmabuf_unsupported_move_notify', 'pinned', false, null],
  ])('%s is %s', (callback, importer, deferred, caller) => {
    expect(importerByCallback(callback)).toMatchObject({ callback, class: importer, deferred })
    if (caller !== null) expect(attacherOf(caller)).toBe(callback)
  })

  it('are all: others are not known by name', () => {
    expect([importerByCallback('dbt_inv'), attacherOf('dbt_ioctl'), attacherOf(null)]).toEqual([null, null, null])
  })
})

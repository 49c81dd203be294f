import type { KernelRange } from './kernel-version.ts'
import type { ImporterClass } from './read-model.ts'

/** One way in which a driver of the kernel imports (KERNEL.md §2.1, Linux 7.3.4). */
export interface Importer extends KernelRange {
  name: string
  /** Where it attaches, below the kernel's root. */
  source: string
  /** Module whose code calls attach, as return probes print it; null where it is built in. */
  module: string | null
  /** Functions that call attach: what a return probe shows as the caller. */
  attaches: readonly string[]
  /** Name of the importing device, where it is always the same. */
  device: string | null
  callback: string | null
  class: Exclude<ImporterClass, 'unknown'>
  /** Its callback only stops access; the unmap comes later. */
  deferred: boolean
  /** It takes peer-to-peer memory. */
  p2p: boolean
  /** Several drivers of one device import through it, or it serves one device in several ways. */
  shared: boolean
  /** Drivers of one subsystem, of which a device has one at a time. */
  subsystem: 'drm' | null
  remark: string
}

const always: KernelRange = { since: null, until: null }

type Told = Partial<Importer> & Pick<Importer, 'name' | 'source' | 'class'>

const importer = (told: Told): Importer => ({
  ...always,
  module: null,
  attaches: [],
  device: null,
  callback: null,
  deferred: false,
  p2p: told.class !== 'legacy',
  shared: false,
  subsystem: null,
  remark: '',
  ...told,
})

const legacy = (
  name: string,
  source: string,
  module: string | null,
  attaches: string[],
  told: Partial<Importer> = {},
) => importer({ name, source, class: 'legacy', module, attaches, ...told })

const drm = { subsystem: 'drm' } as const
const rdma = { module: 'ib_uverbs', shared: true, attaches: ['ib_umem_dmabuf_get_with_dma_device'] } as const

export const IMPORTERS: readonly Importer[] = [
  importer({
    name: 'amdgpu',
    source: 'drivers/gpu/drm/amd/amdgpu/amdgpu_dma_buf.c',
    module: 'amdgpu',
    attaches: ['amdgpu_gem_prime_import'],
    callback: 'amdgpu_dma_buf_move_notify',
    class: 'dynamic',
    deferred: true,
    ...drm,
    remark: 'unmaps at once where its fences have signalled, else behind them; pins for scanout only',
  }),
  importer({
    name: 'xe',
    source: 'drivers/gpu/drm/xe/xe_dma_buf.c',
    module: 'xe',
    attaches: ['xe_gem_prime_import'],
    callback: 'xe_dma_buf_move_notify',
    class: 'dynamic',
    deferred: true,
    ...drm,
    since: '6.8',
    remark: 'keeps its mapping until the next validation or its destruction: nothing bounds the time',
  }),
  importer({
    name: 'virtio-gpu',
    source: 'drivers/gpu/drm/virtio/virtgpu_prime.c',
    module: 'virtio_gpu',
    attaches: ['virtgpu_gem_prime_import'],
    callback: 'virtgpu_dma_buf_move_notify',
    class: 'dynamic',
    ...drm,
    remark: 'with resource blobs and without virgl only; otherwise it imports as generic DRM does',
  }),
  importer({
    ...rdma,
    name: 'mlx5 memory region',
    source: 'drivers/infiniband/hw/mlx5/mr.c',
    callback: 'mlx5_ib_dmabuf_invalidate_cb',
    class: 'dynamic',
    remark: 'a page fault maps again',
  }),
  importer({
    ...rdma,
    name: 'irdma memory region',
    source: 'drivers/infiniband/hw/irdma/verbs.c',
    callback: 'ib_umem_dmabuf_revoke_locked',
    class: 'pinned-revocable',
    since: '7.1',
    remark: 'revoked once and for good',
  }),
  importer({
    ...rdma,
    name: 'RDMA, pinned',
    source: 'drivers/infiniband/core/umem_dmabuf.c',
    class: 'pinned',
    since: '7.1',
    remark:
      'mlx5 (data-direct memory regions, whose device is not the NIC’s function, and devx), efa, bnxt_re, mana, ionic, and queues of several drivers',
  }),
  importer({
    ...rdma,
    name: 'RDMA, pinned',
    source: 'drivers/infiniband/core/umem_dmabuf.c',
    callback: 'ib_umem_dmabuf_unsupported_move_notify',
    class: 'pinned',
    until: '7.1',
    remark: 'a callback that does nothing: attach demanded one',
  }),
  importer({
    name: 'iommufd',
    source: 'drivers/iommu/iommufd/pages.c',
    module: 'iommufd',
    attaches: ['iopt_alloc_dmabuf_pages'],
    device: 'iommu',
    callback: 'iopt_revoke_notify',
    class: 'private',
    since: '6.19',
    remark: 'no map calls: its mappings show in iommu:map alone; revoked for good',
  }),
  legacy('i915', 'drivers/gpu/drm/i915/gem/i915_gem_dmabuf.c', 'i915', ['i915_gem_prime_import'], {
    ...drm,
    remark: 'maps when its pages are first needed',
  }),
  legacy('DRM, generic', 'drivers/gpu/drm/drm_prime.c', 'drm', ['drm_gem_prime_import_dev', 'drm_gem_prime_import'], {
    ...drm,
    remark:
      'nouveau, radeon, qxl, vmwgfx, msm, etnaviv, lima, panfrost, panthor, v3d, vc4, rockchip, mediatek, exynos and others; mapped for the whole life of the object',
  }),
  legacy(
    'DRM, without a map',
    'drivers/gpu/drm/drm_gem_shmem_helper.c',
    'drm_shmem_helper',
    ['drm_gem_shmem_prime_import_no_map'],
    { ...drm, remark: 'vgem, ast, udl, gud, hyperv, cirrus, hibmc: for the CPU only' },
  ),
  legacy('tegra-drm', 'drivers/gpu/drm/tegra/gem.c', 'tegra_drm', ['tegra_bo_import', 'tegra_bo_pin'], drm),
  legacy('omapdrm', 'drivers/gpu/drm/omapdrm/omap_gem_dmabuf.c', 'omapdrm', ['omap_gem_prime_import'], drm),
  legacy('armada', 'drivers/gpu/drm/armada/armada_gem.c', 'armada', ['armada_gem_prime_import'], drm),
  legacy('tegra-vde', 'drivers/media/platform/nvidia/tegra-vde/dmabuf-cache.c', 'tegra_vde', [
    'tegra_vde_dmabuf_cache_map',
  ]),
  legacy('ivpu', 'drivers/accel/ivpu/ivpu_gem.c', 'intel_vpu', ['ivpu_gem_prime_import'], drm),
  legacy('qaic', 'drivers/accel/qaic/qaic_data.c', 'qaic', ['qaic_gem_prime_import'], drm),
  legacy('amdxdna', 'drivers/accel/amdxdna/amdxdna_gem.c', 'amdxdna', ['amdxdna_gem_prime_import'], drm),
  legacy(
    'videobuf2, contiguous',
    'drivers/media/common/videobuf2/videobuf2-dma-contig.c',
    'videobuf2_dma_contig',
    ['vb2_dc_attach_dmabuf'],
    { remark: 'maps when a buffer is prepared' },
  ),
  legacy(
    'videobuf2, scatter-gather',
    'drivers/media/common/videobuf2/videobuf2-dma-sg.c',
    'videobuf2_dma_sg',
    ['vb2_dma_sg_attach_dmabuf'],
    { remark: 'maps when a buffer is prepared' },
  ),
  legacy('devmem TCP', 'net/core/devmem.c', null, ['net_devmem_bind_dmabuf'], { remark: 'long-lived' }),
  legacy('io_uring zero-copy receive', 'io_uring/zcrx.c', null, ['io_import_dmabuf'], { remark: 'long-lived' }),
  legacy('fastrpc', 'drivers/misc/fastrpc.c', 'fastrpc', []),
  legacy('IIO buffers', 'drivers/iio/industrialio-buffer.c', 'industrialio', []),
  legacy('USB gadget FunctionFS', 'drivers/usb/gadget/function/f_fs.c', 'usb_f_fs', []),
  legacy('Xen grant device', 'drivers/xen/gntdev-dmabuf.c', 'xen_gntdev', []),
]

/** Importers that there are (KERNEL.md §2.1), by the symbols that a trace shows of them. */
import type { ImporterClass } from '../../domain/read-model.ts'
import type { Importer, Told } from './importer.ts'
import { unmapInCallback } from './telling.ts'

interface Driver {
  class: ImporterClass
  /** Last digits of its ops' address. */
  ops: string
  opsSymbol: string
  /** Symbol of its callback, and of the one that kernels up to 7.0 have. */
  callback: string | null
  p2p: boolean
  pinning: Importer['pinning']
  /** Functions that attach, map, unmap and pin, with module. */
  calls: readonly [attach: string, map: string, unmap: string, pin: string]
}

const umem = (symbol: string) => `${symbol} [ib_uverbs]`
const UMEM_CALLS = [
  umem('ib_umem_dmabuf_get_with_dma_device+0xee/0x1f0'),
  umem('ib_umem_dmabuf_map_pages+0x4a/0x130'),
  umem('ib_umem_dmabuf_unmap_pages+0x5c/0xb0'),
  umem('ib_umem_dmabuf_get_pinned_with_dma_device+0x91/0x180'),
] as const

const DRIVERS = {
  virtgpu: {
    class: 'dynamic',
    ops: 'c04788a0',
    opsSymbol: 'virtgpu_dma_buf_attach_ops+0x0/0x20 [virtio_gpu]',
    callback: 'virtgpu_dma_buf_move_notify+0x0/0x60 [virtio_gpu]',
    p2p: true,
    pinning: 'around',
    calls: [
      'virtgpu_gem_prime_import+0xee/0x350 [virtio_gpu]',
      'virtgpu_dma_buf_import_sgt+0x4a/0x130 [virtio_gpu]',
      'virtgpu_dma_buf_free_obj+0xbe/0xd0 [virtio_gpu]',
      'virtgpu_gem_prime_import+0x179/0x350 [virtio_gpu]',
    ],
  },
  amdgpu: {
    class: 'dynamic',
    ops: 'c0a4f0e0',
    opsSymbol: 'amdgpu_dma_buf_attach_ops+0x0/0x20 [amdgpu]',
    callback: 'amdgpu_dma_buf_move_notify+0x0/0x1e0 [amdgpu]',
    p2p: true,
    pinning: 'never',
    calls: [
      'amdgpu_gem_prime_import+0xa1/0x220 [amdgpu]',
      'amdgpu_ttm_backend_bind+0x3b/0x2c0 [amdgpu]',
      'amdgpu_ttm_backend_unbind+0x7d/0x130 [amdgpu]',
      'amdgpu_bo_pin+0x9f/0x250 [amdgpu]',
    ],
  },
  xe: {
    class: 'dynamic',
    ops: 'c0b788a0',
    opsSymbol: 'xe_dma_buf_attach_ops+0x0/0x20 [xe]',
    callback: 'xe_dma_buf_move_notify+0x0/0x80 [xe]',
    p2p: true,
    pinning: 'never',
    calls: [
      'xe_gem_prime_import+0x8e/0x1f0 [xe]',
      'xe_bo_move_dmabuf+0x6a/0x190 [xe]',
      'xe_ttm_bo_delete_mem_notify+0x7a/0xc0 [xe]',
      'xe_dma_buf_pin+0x2b/0x70 [xe]',
    ],
  },
  mlx5: {
    class: 'dynamic',
    ops: 'c0c788a0',
    opsSymbol: 'mlx5_ib_dmabuf_attach_ops+0x0/0x20 [mlx5_ib]',
    callback: 'mlx5_ib_dmabuf_invalidate_cb+0x0/0x70 [mlx5_ib]',
    p2p: true,
    pinning: 'never',
    calls: UMEM_CALLS,
  },
  irdma: {
    class: 'pinned-revocable',
    ops: 'c0d788a0',
    opsSymbol: 'ib_umem_dmabuf_attach_pinned_revocable_ops+0x0/0x20 [ib_uverbs]',
    callback: 'ib_umem_dmabuf_revoke_locked+0x0/0xa0 [ib_uverbs]',
    p2p: true,
    pinning: 'kept',
    calls: UMEM_CALLS,
  },
  efa: {
    class: 'pinned',
    ops: 'c0e788a0',
    opsSymbol: 'ib_umem_dmabuf_attach_pinned_ops+0x0/0x20 [ib_uverbs]',
    callback: null,
    p2p: true,
    pinning: 'kept',
    calls: UMEM_CALLS,
  },
  i915: {
    class: 'legacy',
    ops: '0',
    opsSymbol: '0x0',
    callback: null,
    p2p: false,
    pinning: 'never',
    calls: [
      'i915_gem_prime_import+0x6e/0x180 [i915]',
      'i915_gem_object_get_pages_dmabuf+0x2a/0x90 [i915]',
      'i915_gem_object_put_pages_dmabuf+0x1a/0x40 [i915]',
      'i915_gem_prime_import+0x9e/0x180 [i915]',
    ],
  },
  devmem: {
    class: 'legacy',
    ops: '0',
    opsSymbol: '0x0',
    callback: null,
    p2p: false,
    pinning: 'never',
    calls: [
      'net_devmem_bind_dmabuf+0xc1/0x5a0',
      'net_devmem_bind_dmabuf+0x11a/0x5a0',
      '__net_devmem_dmabuf_binding_free+0x6d/0xd0',
      'net_devmem_bind_dmabuf+0xf1/0x5a0',
    ],
  },
} as const satisfies Record<string, Driver>
export type DriverName = keyof typeof DRIVERS
export const DRIVER_NAMES = Object.keys(DRIVERS) as DriverName[]

/** An importer of that driver at that device; `told` says what it does in its callback, and is right unless said. */
export function importerOf(name: DriverName, device: string, told: Told = unmapInCallback()): Importer {
  const { ops, calls, ...driver } = DRIVERS[name]
  const [attaches, maps, unmaps, pins] = calls
  return {
    ...driver,
    device,
    ops: ops === '0' ? '0x0' : `0xffffffff${ops}`,
    attaches,
    maps,
    unmaps,
    pins,
    told,
  }
}

/** An importer of a module that no table knows. */
export function moduleImporter(device: string, told: Told): Importer {
  return {
    class: 'dynamic',
    device,
    ops: '0xffffffffc048a230',
    opsSymbol: 'o_sync+0x0/0x10 [dbtest]',
    callback: 'dbt_inv_sync+0x0/0x50 [dbtest]',
    p2p: true,
    pinning: 'never',
    attaches: 'dbt_ioctl+0x214/0x73a [dbtest]',
    maps: 'map_locked+0x47/0x80 [dbtest]',
    unmaps: 'drop+0x26/0x50 [dbtest]',
    pins: 'pin+0x9/0x20 [dbtest]',
    told,
  }
}

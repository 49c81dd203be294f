import { holds, type KernelRange, type KernelVersion } from './kernel-version.ts'

/**
 * What an exporter does about what it has given out (KERNEL.md §2.2, Linux 7.3.4). `revokes`: `transient` it takes
 * memory back and may give it again, `permanent` once and for good, `move` it only moves the memory, `never` neither.
 */
export interface Exporter {
  /** `exp_name` in a trace; its module's name unless it says otherwise. */
  names: readonly string[]
  module: string | null
  source: string
  /** It has a `pin` op, with which an importer can hold the memory in place. */
  pin: boolean
  /** Kernels in which that op, or the lack of a way to pin, refuses with -EOPNOTSUPP. */
  refusesPin: KernelRange | null
  /** It calls `dma_buf_invalidate_mappings()`, ≤ 7.0 `dma_buf_move_notify()`. */
  invalidates: boolean
  revokes: 'transient' | 'permanent' | 'move' | 'never'
  remark: string
}

const never = (names: string[], source: string, module: string | null = null, remark = ''): Exporter => ({
  names,
  module,
  source,
  pin: false,
  refusesPin: null,
  invalidates: false,
  revokes: 'never',
  remark,
})

export const EXPORTERS: readonly Exporter[] = [
  {
    names: ['vfio_pci_core', 'vfio-pci-core'],
    module: 'vfio_pci_core',
    source: 'drivers/vfio/pci/vfio_pci_dmabuf.c',
    pin: false,
    refusesPin: { since: '6.19', until: '7.1' },
    invalidates: true,
    revokes: 'transient',
    remark: 'from 7.1 on attach demands peer-to-peer first and then the callback; before, its pin op refused',
  },
  {
    names: ['ib_uverbs'],
    module: 'ib_uverbs',
    source: 'drivers/infiniband/core/uverbs_std_types_dmabuf.c',
    pin: true,
    refusesPin: { since: null, until: null },
    invalidates: true,
    revokes: 'permanent',
    remark: 'once for each buffer, when its object is destroyed; importers that pin are accepted and fail at the pin',
  },
  {
    names: ['drm'],
    module: null,
    source: 'drivers/gpu/drm/drm_prime.c',
    pin: true,
    refusesPin: null,
    invalidates: true,
    revokes: 'move',
    remark:
      'amdgpu and xe, which move their memory; nouveau, radeon and others print the same name and never do: only the ops tell them apart',
  },
  never(['i915'], 'drivers/gpu/drm/i915/gem/i915_gem_dmabuf.c', 'i915'),
  never(['msm'], 'drivers/gpu/drm/msm/msm_gem_prime.c', 'msm'),
  never(['virtio_gpu'], 'drivers/gpu/drm/virtio/virtgpu_prime.c', 'virtio_gpu'),
  never(['vmwgfx', 'ttm'], 'drivers/gpu/drm/vmwgfx/ttm_object.c', 'vmwgfx', 'refuses every attach with -ENOSYS'),
  never(['udmabuf'], 'drivers/dma-buf/udmabuf.c', 'udmabuf', 'memory of a memfd'),
  never(['system'], 'drivers/dma-buf/heaps/system_heap.c', null, 'DMA heap'),
  never(['cma', 'reserved'], 'drivers/dma-buf/heaps/cma_heap.c', null, 'DMA heap; a region can have a name of its own'),
  never(
    ['videobuf2_common', 'videobuf2_dma_contig', 'videobuf2_dma_sg', 'videobuf2_vmalloc'],
    'drivers/media/common/videobuf2',
  ),
  never(['fastrpc'], 'drivers/misc/fastrpc.c', 'fastrpc'),
  never(['habanalabs'], 'drivers/accel/habanalabs/common/memory.c', 'habanalabs'),
  never(['ivpu_userptr_dmabuf'], 'drivers/accel/ivpu/ivpu_gem_userptr.c', 'intel_vpu'),
  never(['amdxdna'], 'drivers/accel/amdxdna/amdxdna_gem.c', 'amdxdna'),
]

const BY_NAME: ReadonlyMap<string, Exporter> = new Map(
  EXPORTERS.flatMap((exporter) => exporter.names.map((name) => [name, exporter] as const)),
)

export function exporterNamed(name: string | null): Exporter | null {
  return name === null ? null : (BY_NAME.get(name) ?? null)
}

/** Known to take back what it has given out, for a while or for good (CONTRACT §5.9). */
export function isRevokingExporter(name: string | null): boolean {
  const revokes = exporterNamed(name)?.revokes
  return revokes === 'transient' || revokes === 'permanent'
}

/** Whether a `dma_buf_pin()` of its memory must have failed, on this kernel. */
export function refusesPin(name: string | null, kernel: KernelVersion | null): boolean {
  const range = exporterNamed(name)?.refusesPin ?? null
  return range !== null && holds(range, kernel)
}

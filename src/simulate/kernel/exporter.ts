import type { Importer } from './importer.ts'
import type { Buffer } from './objects.ts'

/** A driver that gives its memory away, with what it would have to do and, on purpose, does not. */
export interface Exporter {
  /** `exp_name`. */
  name: string
  /** Who calls dma_buf_export(). */
  exports: string
  /** It takes its buffers back for good or for a while; others only move them, or do neither. */
  revokes: boolean
  /** Its buffers are memory of a device: one IOVA span, no scatterlist of pages. */
  device: boolean
  /** It counts mappings and waits for them, as vfio does. */
  counts: boolean
  /** errno that its attach, pin and map answer with; 0 is accepted. */
  refusesAttach(buffer: Buffer, importer: Importer): number
  refusesPin(): number
  refusesMap(buffer: Buffer): number
  flaws: Flaws
}

/** What an exporter does wrong. */
export interface Flaws {
  /** Takes importers that cannot be told. */
  acceptsAnybody?: boolean
  /** Lets a revoked buffer be attached, or mapped. */
  attachesWhileRevoked?: boolean
  mapsWhileRevoked?: boolean
  /** Does not wait for fences, or for unmaps, before it goes on. */
  forgetsFences?: boolean
  forgetsUnmaps?: boolean
}

export const EOPNOTSUPP = 95
export const ENODEV = 19
export const EBUSY = 16
export const EAGAIN = 11
export const ENOTTY = 25

/** drivers/vfio/pci/vfio_pci_dmabuf.c: peer-to-peer first, then its own state, then whether the importer can be told. */
export function vfioExporter(flaws: Flaws = {}): Exporter {
  return {
    name: 'vfio_pci_core',
    exports: 'vfio_pci_core_feature_dma_buf+0x2a2/0x420 [vfio_pci_core]',
    revokes: true,
    device: true,
    counts: true,
    flaws,
    refusesAttach(buffer, importer) {
      if (!importer.p2p && !flaws.acceptsAnybody) return EOPNOTSUPP
      if (buffer.revoked && !flaws.attachesWhileRevoked) return ENODEV
      return importer.callback === null && !flaws.acceptsAnybody ? EOPNOTSUPP : 0
    },
    refusesPin: () => 0,
    refusesMap: (buffer) => (buffer.revoked && !flaws.mapsWhileRevoked ? ENODEV : 0),
  }
}

/** drivers/infiniband/core/uverbs_std_types_dmabuf.c: asks for peer-to-peer alone, refuses pins, destroys for good. */
export function uverbsExporter(): Exporter {
  return {
    name: 'ib_uverbs',
    exports: 'ib_uverbs_handler_UVERBS_METHOD_DMABUF_ALLOC+0x131/0x220 [ib_uverbs]',
    revokes: true,
    device: true,
    counts: true,
    flaws: {},
    refusesAttach: (buffer, importer) => (!importer.p2p ? EOPNOTSUPP : buffer.revoked ? ENODEV : 0),
    refusesPin: () => EOPNOTSUPP,
    refusesMap: (buffer) => (buffer.revoked ? ENODEV : 0),
  }
}

/** A GPU driver: tells its importers when it moves a buffer, and lets them map again at once. */
export function gpuExporter(): Exporter {
  return {
    name: 'drm',
    exports: 'drm_gem_prime_handle_to_dmabuf+0x6e/0x180 [drm]',
    revokes: false,
    device: false,
    counts: false,
    flaws: {},
    refusesAttach: () => 0,
    refusesPin: () => 0,
    refusesMap: () => 0,
  }
}

/** System memory, never taken back. */
export function heapExporter(): Exporter {
  return { ...gpuExporter(), name: 'system', exports: 'system_heap_allocate+0x2b1/0x3f0 [system_heap]' }
}

/** A module with a device of its own that it resets by itself. */
export function moduleExporter(flaws: Flaws = {}): Exporter {
  return {
    name: 'dbtest',
    exports: 'dbt_ioctl+0x477/0x73a [dbtest]',
    revokes: true,
    device: false,
    counts: false,
    flaws: { acceptsAnybody: true, ...flaws },
    refusesAttach: () => 0,
    refusesPin: () => 0,
    refusesMap: () => 0,
  }
}

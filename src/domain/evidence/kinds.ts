import type { ActType } from '../act-type.ts'

/** Tiers of evidence, least first: native dma_buf events, the kernel log, probes, IOMMU and fence events (KERNEL.md §6). */
export const TIERS = ['T0', 'T1', 'T2', 'T3'] as const
export type Tier = (typeof TIERS)[number]

/** A kind of evidence that a trace can hold, and that a rule can rest on. */
export interface EvidenceKind {
  /** In words. */
  what: string
  /** The least tier of recording that has it. */
  tier: Tier
  /** Acts of any of these types are it … */
  types: readonly ActType[]
  /** … where they show any of these fields (names of `Act`); any act of the types where it is left out … */
  fields?: readonly ('ops' | 'inv' | 'iova')[]
  /** … or events of any of these names, whatever they said. */
  names?: readonly string[]
  /** What would have to be recorded, as tracepoints and probed functions. */
  recorded: string
}

const kind = (tier: Tier, what: string, types: readonly ActType[], recorded: string) => ({
  tier,
  what,
  types,
  recorded,
})

/** Each kind is what one answer of the kernel tells; recipes set probes by kind, rules name the kinds that they need. */
export const EVIDENCE = {
  exports: kind('T0', 'buffers exported', ['export', 'device-export'], 'dma_buf:dma_buf_export or dma_buf_export()'),
  attaches: kind('T0', 'attaches', ['attach'], 'dma_buf:dma_buf_dynamic_attach or dma_buf_dynamic_attach()'),
  detaches: kind('T0', 'detaches', ['detach'], 'dma_buf:dma_buf_detach or dma_buf_detach()'),
  'kernel-log': {
    ...kind('T1', 'kernel log', ['console', 'splat'], 'printk:console'),
    names: ['console'],
  },
  faults: {
    ...kind(
      'T1',
      'view of IOMMU faults',
      ['fault', 'console', 'access', 'splat'],
      'printk:console, iommu:io_page_fault',
    ),
    names: ['console', 'io_page_fault'],
  },
  exits: {
    ...kind('T1', 'ends of tasks', [], 'sched:sched_process_exit'),
    names: ['sched_process_exit'],
  },
  'device-errors': kind('T1', 'PCI and RAS errors', ['device-error'], 'pci:*, ras:aer_event'),
  importers: {
    ...kind(
      'T2',
      "importers' callbacks",
      ['attach'],
      'dma_buf_dynamic_attach() with importer_ops and their invalidate callback',
    ),
    fields: ['ops', 'inv'] as const,
  },
  releases: kind('T2', 'buffers released', ['release'], 'dma_buf_file_release'),
  maps: kind('T2', 'maps', ['map'], 'dma_buf_map_attachment (return)'),
  addresses: {
    ...kind('T2', 'addresses of maps', ['map'], 'dma_buf_map_attachment (return) with sgl->dma_address'),
    fields: ['iova'] as const,
  },
  unmaps: kind('T2', 'unmaps', ['unmap'], 'dma_buf_unmap_attachment'),
  pins: kind('T2', 'pins', ['pin', 'unpin'], 'dma_buf_pin, dma_buf_unpin'),
  invalidates: kind(
    'T2',
    'invalidates',
    ['invalidate'],
    'dma_buf_invalidate_mappings (before 7.1: dma_buf_move_notify)',
  ),
  moves: kind('T2', 'revokes and restores by VFIO', ['device-move'], 'vfio_pci_dma_buf_move'),
  closes: kind('T2', 'closes of exporting devices', ['device-cleanup', 'device-close'], 'vfio_pci_dma_buf_cleanup'),
  resets: kind('T2', 'resets', ['reset'], 'pcie_flr, pci_reset_function, pci_dev_save_and_disable'),
  'fence-waits': kind('T2', 'waits for fences', ['reservation-wait', 'fence-wait'], 'dma_resv_wait_timeout'),
  'fence-adds': kind('T2', 'fences added to buffers', ['reservation-add'], 'dma_resv_add_fence'),
  fences: kind('T3', 'fences signalled', ['fence'], 'dma_fence:*'),
  translations: kind('T3', 'IOMMU translations', ['iommu-map', 'iommu-unmap', 'iommu-domain'], 'iommu:*'),
  'dma-maps': kind('T3', 'DMA mappings of all kinds', ['dma-map', 'dma-unmap'], 'dma:*'),
  accesses: kind('T3', 'accesses of your own', ['access'], 'an event that a file of recognisers declares as an access'),
} as const satisfies Record<string, EvidenceKind>

export type EvidenceName = keyof typeof EVIDENCE
export const EVIDENCE_NAMES = Object.keys(EVIDENCE) as EvidenceName[]

export function evidenceKind(name: EvidenceName): EvidenceKind {
  return EVIDENCE[name]
}

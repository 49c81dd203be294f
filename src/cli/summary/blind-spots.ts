/** Which kinds of act a trace never shows, and which rules say nothing without them. */
import type Database from 'better-sqlite3'
import { ACT_TYPES, type ActType } from '../../domain/act-type.ts'
import type { Rule } from '../../domain/rules.ts'
import { unpackTypes } from '../../projection/meaning-codec.ts'

export interface BlindSpot {
  /** Any of these would do. */
  types: readonly ActType[]
  /** Or events of any of these names, whatever they said. */
  names?: readonly string[]
  /** What would have to be recorded, as tracepoints and probed functions. */
  probes: string
  /** Rules that cannot speak, or only as undetermined. */
  rules: readonly Rule[]
}

const SPOTS: readonly BlindSpot[] = [
  {
    types: ['map'],
    probes: 'dma_buf_map_attachment (return)',
    rules: ['use-after-revoke', 'map-while-revoked', 'reset-while-mapped', 'invalidate-ignored', 'leaked-mapping'],
  },
  { types: ['unmap'], probes: 'dma_buf_unmap_attachment', rules: ['late-unmap', 'double-unmap', 'use-after-detach'] },
  {
    types: ['attach'],
    probes: 'dma_buf:dma_buf_dynamic_attach or dma_buf_dynamic_attach()',
    rules: ['non-revocable-importer', 'attach-while-revoked', 'leaked-attachment', 'released-while-attached'],
  },
  {
    types: ['invalidate', 'device-move'],
    probes: 'dma_buf_invalidate_mappings (before 7.1: dma_buf_move_notify), vfio_pci_dma_buf_move',
    rules: ['reset-without-revoke', 'late-unmap', 'invalidate-ignored', 'map-while-revoked', 'early-restore'],
  },
  {
    types: ['reset'],
    probes: 'pcie_flr, pci_reset_function, pci_dev_save_and_disable',
    rules: ['reset-while-mapped', 'reset-without-revoke', 'early-restore', 'fences-not-awaited'],
  },
  { types: ['reservation-wait', 'fence-wait'], probes: 'dma_resv_wait_timeout', rules: ['fences-not-awaited'] },
  { types: ['reservation-add'], probes: 'dma_resv_add_fence', rules: ['late-fence', 'fences-not-awaited'] },
  { types: ['release'], probes: 'dma_buf_file_release', rules: ['released-while-attached', 'leaked-mapping'] },
  { types: ['pin', 'unpin'], probes: 'dma_buf_pin, dma_buf_unpin', rules: ['pin-imbalance'] },
  {
    types: ['fault', 'console', 'access', 'splat'],
    names: ['console', 'io_page_fault'],
    probes: 'printk:console, iommu:io_page_fault',
    rules: ['use-after-revoke', 'kernel-splat'],
  },
]

export function blindSpots(sqlite: Database.Database, capture: number): BlindSpot[] {
  const seen = typesSeen(sqlite, capture)
  const named = sqlite.prepare('SELECT 1 FROM string WHERE capture = ? AND text = ?').pluck()
  const spoke = new Set(sqlite.prepare('SELECT DISTINCT rule FROM finding WHERE capture = ?').pluck().all(capture))
  return SPOTS.filter(
    ({ types, names = [] }) =>
      !types.some((type) => seen.has(type)) && !names.some((name) => named.get(capture, name) !== undefined),
  ).flatMap((spot) => {
    // A rule can speak all the same where other events show it, such as an IOMMU's translations.
    const rules = spot.rules.filter((rule) => !spoke.has(rule))
    return rules.length === 0 ? [] : [{ ...spot, rules }]
  })
}

function typesSeen(sqlite: Database.Database, capture: number): Set<ActType> {
  const seen = new Uint8Array(ACT_TYPES.length)
  const blobs = sqlite.prepare('SELECT events, columns FROM meaning WHERE capture = ?')
  for (const row of blobs.iterate(capture)) {
    const { events, columns } = row as { events: number; columns: Buffer }
    for (const type of unpackTypes(columns, events)) seen[type] = 1
  }
  return new Set(ACT_TYPES.filter((_, index) => seen[index] === 1))
}

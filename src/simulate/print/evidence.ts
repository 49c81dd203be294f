import { EVIDENCE, EVIDENCE_NAMES, type EvidenceName, TIERS, type Tier } from '../../domain/evidence/kinds.ts'

/** What the probed functions tell: kinds of evidence, as `record --check` names them. */
const OF_FUNCTION: Readonly<Record<string, EvidenceName>> = {
  dma_buf_export: 'exports',
  vfio_pci_core_feature_dma_buf: 'exports',
  __probestub_dma_buf_dynamic_attach: 'importers',
  dma_buf_dynamic_attach: 'importers',
  dma_buf_detach: 'detaches',
  dma_buf_map_attachment: 'maps',
  dma_buf_unmap_attachment: 'unmaps',
  dma_buf_pin: 'pins',
  dma_buf_unpin: 'pins',
  dma_buf_invalidate_mappings: 'invalidates',
  dma_buf_move_notify: 'invalidates',
  dma_buf_file_release: 'releases',
  dma_buf_release: 'releases',
  dma_resv_wait_timeout: 'fence-waits',
  dma_resv_add_fence: 'fence-adds',
  vfio_pci_dma_buf_move: 'moves',
  vfio_pci_dma_buf_cleanup: 'closes',
  vfio_pci_core_close_device: 'closes',
}

/** Kinds that a simulated trace can hold or lack. */
export const SIMULATED_KINDS: readonly EvidenceName[] = EVIDENCE_NAMES.filter(
  (name) => !['addresses', 'accesses', 'faults'].includes(name),
)

/** What of the kernel's doings is recorded. */
export interface Probes {
  kinds: ReadonlySet<EvidenceName>
  /** Probes of functions, besides native events. */
  functions: boolean
}

/**
 * `T2`, or a list such as `maps,unmaps,resets`, or a tier less some kinds: `T3,-fences`. Null where a word is none of
 * these.
 */
export function parseProbes(text: string): Probes | null {
  const kinds = new Set<EvidenceName>()
  let functions = false
  for (const word of text.split(',').map((one) => one.trim())) {
    if ((TIERS as readonly string[]).includes(word)) {
      for (const kind of SIMULATED_KINDS) if (tierOf(kind) <= TIERS.indexOf(word as Tier)) kinds.add(kind)
      functions ||= TIERS.indexOf(word as Tier) >= 2
    } else if (word.startsWith('-') && isKind(word.slice(1))) kinds.delete(word.slice(1) as EvidenceName)
    else if (isKind(word)) {
      kinds.add(word as EvidenceName)
      functions ||= tierOf(word as EvidenceName) >= 2
    } else return null
  }
  return { kinds, functions }
}

function isKind(word: string): boolean {
  return (SIMULATED_KINDS as readonly string[]).includes(word)
}

function tierOf(kind: EvidenceName): number {
  return TIERS.indexOf(EVIDENCE[kind].tier)
}

export const ALL_PROBES: Probes = parseProbes('T3')!

export function isRecorded(
  { kinds, functions }: Probes,
  what: { fn: string; returns: boolean } | { kind: EvidenceName },
): boolean {
  if ('kind' in what) return kinds.has(what.kind)
  return functions && kinds.has(OF_FUNCTION[what.fn] ?? 'resets')
}

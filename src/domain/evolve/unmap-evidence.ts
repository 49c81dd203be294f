import type { Mapping } from '../world/entities.ts'
import type { World } from '../world/world.ts'
import { isVfioExporter } from './vfio-devices.ts'

/** The functions through which a mapping goes that came through one of these. */
const UNMAPS_OF: ReadonlyMap<string, readonly string[]> = new Map([
  ['dma_buf_map_attachment', ['dma_buf_unmap_attachment']],
  ['dma_buf_map_attachment_unlocked', ['dma_buf_unmap_attachment', 'dma_buf_unmap_attachment_unlocked']],
  ['vfio_pci_dma_buf_map', ['vfio_pci_dma_buf_unmap', 'dma_buf_unmap_attachment']],
])

/** Page-aligned, an address is exact as a Number. */
export function translationKey(iova: bigint): number {
  return Number(iova)
}

/**
 * What must have been recorded for "this mapping was not unmapped" to mean anything: a probe where its unmap would
 * show. Nothing more is needed where `iommu:map` showed its translation and no `iommu:unmap` has taken it away.
 */
export function unmapProbes(world: World, mapping: Mapping): readonly (readonly string[])[] {
  const { via } = mapping
  // iommufd's mappings are nothing but their translation.
  if (via.size === 0) return [['iommu-unmap']]
  if (isTranslated(world, mapping)) return []
  const probes = new Set([...via].flatMap((fn) => UNMAPS_OF.get(fn) ?? ['unmap']))
  if (isVfioExporter(mapping.buffer?.exporter ?? null)) probes.add('vfio_pci_dma_buf_unmap')
  return [[...probes]]
}

/** Its unmap has begun, and `iommu:unmap` has shown the translation gone that `iommu:map` had shown. */
export function isTranslationGone(world: World, mapping: Mapping): boolean {
  return mapping.unmapEntered !== null && mapping.translated !== null && !isTranslated(world, mapping)
}

function isTranslated({ translations }: World, { iova, translated }: Mapping): boolean {
  return iova !== null && translations.get(translationKey(iova)) === translated
}

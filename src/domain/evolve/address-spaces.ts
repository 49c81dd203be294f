import { ANOTHER_SPACE } from '../world/address-space.ts'
import type { Mapping } from '../world/entities.ts'
import { mappingsCovering } from '../world/mapping-index.ts'
import type { World } from '../world/world.ts'

/**
 * iommufd's mappings show by their translation alone, and `iommu:map` and `iommu:unmap` name an address but no address
 * space (KERNEL.md §4.1). So it is counted how many other spaces have the address of one: domains of the same iommufd
 * context, and devices that have nothing to do with it.
 */
export function privateMappingAt({ mappings }: World, address: bigint): Mapping | null {
  return mappingsCovering(mappings, 'iommu', address).find((m) => m.unmapped === null && m.iova === address) ?? null
}

/** `translated` is the event that had translated its address before; of a mapping that is known, its own unmap tells. */
export function beginSharing(world: World, mapping: Mapping, translated: number | undefined): void {
  if (translated !== undefined && !isKnown(world, mapping, translated)) world.sharers.set(mapping, 1)
}

export function shareAddress({ sharers }: World, mapping: Mapping): void {
  sharers.set(mapping, (sharers.get(mapping) ?? 0) + 1)
}

/** The translation turned out to be that of a mapping which is known. */
export function unshareAddress(world: World, address: bigint): void {
  if (world.sharers.size === 0) return
  const mapping = privateMappingAt(world, address)
  if (mapping) forgetOne(world, mapping)
}

/** Somebody took the address down: whether it was this mapping's, nothing says while others have it. */
export function mayBeAnothers(world: World, mapping: Mapping): boolean {
  if (!forgetOne(world, mapping)) return false
  if (!mapping.flagged.includes(ANOTHER_SPACE)) mapping.flagged.push(ANOTHER_SPACE)
  return true
}

function forgetOne({ sharers }: World, mapping: Mapping): boolean {
  const count = sharers.get(mapping)
  if (count === undefined) return false
  if (count > 1) sharers.set(mapping, count - 1)
  else sharers.delete(mapping)
  return true
}

function isKnown({ unreleased }: World, mapping: Mapping, translated: number): boolean {
  for (const { mappings } of unreleased)
    for (const each of mappings) if (each !== mapping && each.translated === translated) return true
  return false
}

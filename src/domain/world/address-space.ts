import type { Mapping } from './entities.ts'

export const ANOTHER_SPACE =
  'iommu:unmap took its address down in one of several address spaces that had it, and does not say in which'

/** What a finding about the mapping lacks, where it is not certain that the mapping was still there. */
export function spaceDoubt(mapping: Mapping | null | undefined): string | null {
  return mapping?.flagged.includes(ANOTHER_SPACE) ? ANOTHER_SPACE : null
}

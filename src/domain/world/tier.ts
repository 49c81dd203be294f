import type { ActType } from '../act-type.ts'

const PROBED: readonly ActType[] = ['map', 'unmap', 'invalidate', 'device-move', 'reservation-wait']
const ADDRESSES: readonly ActType[] = ['iommu-map', 'dma-map', 'fence', 'fence-wait']
const NATIVE: readonly ActType[] = ['export', 'fd', 'get', 'put', 'attach', 'detach', 'cpu-map']

/**
 * How much the recorded kinds of event can prove (KERNEL.md §6): T0 native dma_buf events, T1 with the kernel log, T2
 * with probes on map, unmap, invalidate and moves, T3 with iommu, dma or fence events as well. Null: none of these.
 */
export function evidenceTier(seen: ReadonlySet<ActType>): string | null {
  const any = (types: readonly ActType[]) => types.some((type) => seen.has(type))
  if (any(PROBED)) return any(ADDRESSES) ? 'T3' : 'T2'
  if (!any(NATIVE)) return null
  return seen.has('console') || seen.has('reset') || seen.has('fault') ? 'T1' : 'T0'
}

import type { ActType } from '../act-type.ts'
import { TRACEPOINT_TYPES } from './tracepoints.ts'

/** What the name of an event tells. */
export interface EventName {
  /** Without its group. */
  event: string
  /** The kernel's own event of that name, not a probe that somebody called so; null where it is none that means anything. */
  native: ActType | null
}

/** Where the kernel's own events live in tracefs: `events/<group>/<event>`. */
const GROUPS: Partial<Record<ActType, readonly string[]>> = {
  fence: ['dma_fence', 'fence'],
  'fence-wait': ['dma_fence', 'fence'],
  'iommu-map': ['iommu'],
  'iommu-unmap': ['iommu'],
  'iommu-domain': ['iommu'],
  fault: ['iommu'],
  'dma-map': ['dma'],
  'dma-unmap': ['dma'],
  process: ['sched', 'task'],
  'device-error': ['pci', 'ras'],
  marker: ['ftrace', 'bpf_trace'],
  console: ['printk'],
}
const DMA_BUF = ['dma_buf']

/**
 * perf script prints `group:event`, all others the event alone. The group settles whose event it is: `iommu:map` is the
 * kernel's, `mygroup:map` is not.
 */
export function readEventName(name: string): EventName {
  const colon = name.indexOf(':')
  const event = name.slice(colon + 1)
  const type = event === 'console' ? 'console' : (TRACEPOINT_TYPES.get(event) ?? null)
  if (type === null || colon < 0) return { event, native: type }
  const groups = GROUPS[type] ?? DMA_BUF
  return { event, native: groups.includes(name.slice(0, colon)) ? type : null }
}

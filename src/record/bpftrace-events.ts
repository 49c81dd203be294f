import type { EvidenceName } from '../domain/evidence/kinds.ts'

/** Native events as bpftrace prints them: the kernel's own `TP_printk` formats, with the fields that fill them. */
export interface BpftraceEvent {
  /** `system/event`. */
  event: string
  format: string
  values: readonly string[]
  shows: readonly EvidenceName[]
}

/** include/trace/events/dma_fence.h */
const fence = (step: string): BpftraceEvent => ({
  event: `dma_fence/dma_fence_${step}`,
  format: 'driver=%s timeline=%s context=%u seqno=%u',
  values: ['str(args->driver)', 'str(args->timeline)', 'args->context', 'args->seqno'],
  shows: step.startsWith('wait') ? ['fence-waits'] : ['fences'],
})

/** include/trace/events/iommu.h */
const IOMMU: readonly BpftraceEvent[] = [
  {
    event: 'iommu/map',
    format: 'IOMMU: iova=0x%016llx - 0x%016llx paddr=0x%016llx size=%llu',
    values: ['args->iova', 'args->iova + args->size', 'args->paddr', 'args->size'],
    shows: ['translations'],
  },
  {
    event: 'iommu/unmap',
    format: 'IOMMU: iova=0x%016llx - 0x%016llx size=%llu unmapped_size=%llu',
    values: ['args->iova', 'args->iova + args->size', 'args->size', 'args->unmapped_size'],
    shows: ['translations'],
  },
  {
    event: 'iommu/io_page_fault',
    format: 'IOMMU:%s %s iova=0x%016llx flags=0x%04x',
    values: ['str(args->driver)', 'str(args->device)', 'args->iova', 'args->flags'],
    shows: ['faults'],
  },
]

export const BPFTRACE_EVENTS: readonly BpftraceEvent[] = [
  ...['init', 'emit', 'enable_signal', 'signaled', 'wait_start', 'wait_end'].map(fence),
  ...IOMMU,
]

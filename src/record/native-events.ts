/** The kernel's own events that a recording enables, by the evidence that they give. */
import { type EvidenceName, TIERS, type Tier } from '../domain/evidence/kinds.ts'
import type { Kernel } from './kernel.ts'

export interface NativeEvents {
  /** `system/event`, or `system/*` for all of a system. */
  path: string
  shows: readonly EvidenceName[]
  tier: Tier
}

const native = (tier: Tier, path: string, ...shows: EvidenceName[]): NativeEvents => ({ tier, path, shows })

/** A system that a kernel does not have (`pci` before 7.0, `dma` before 6.12) is passed over by the recipe. */
const NATIVE: readonly NativeEvents[] = [
  native('T0', 'dma_buf/*', 'exports', 'attaches', 'detaches'),
  native('T1', 'printk/console', 'kernel-log', 'faults', 'resets'),
  native('T1', 'pci/*', 'device-errors'),
  native('T1', 'ras/aer_event', 'device-errors'),
  native('T1', 'sched/sched_process_hang'),
  native('T1', 'sched/sched_process_exit', 'exits'),
  native('T3', 'dma_fence/*', 'fences', 'fence-waits'),
  native('T3', 'iommu/*', 'translations', 'faults'),
  native('T3', 'dma/*', 'dma-maps'),
]

/** What is enabled up to a tier. */
export function nativeEvents(kernel: Kernel, tier: Tier): NativeEvents[] {
  return NATIVE.filter(
    (event) => TIERS.indexOf(event.tier) <= TIERS.indexOf(tier) && (event.path !== 'dma_buf/*' || kernel.nativeEvents),
  )
}

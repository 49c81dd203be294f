import type { Machine } from '../kernel/machine.ts'
import type { SimulationOptions } from '../simulate.ts'

/** One situation to act out. What else goes on around it is left to chance. */
export interface Scenario {
  summary: string
  /** Where it is from: a path of KERNEL.md §3, an incident, or its size. */
  of: 'right' | 'wrong' | 'incident' | 'storm'
  /** Starts the threads that act. */
  play(m: Machine, options: SimulationOptions): void
}

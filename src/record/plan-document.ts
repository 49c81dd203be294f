import type { Decision } from '../domain/evidence/needs.ts'
import type { Plan } from './plan.ts'

/** What `record --json` prints: the recipe as data. */
export interface PlanDocument {
  kernel: string
  tier: string
  clock: string
  buffer_kb: number
  kind: 'fprobe' | 'kprobe'
  /** Whose structures the offsets of kprobes are; null where the kernel finds fields by name. */
  offsets: string | null
  /** Lines for `dynamic_events`. */
  probes: { event: string; definition: string; shows: readonly string[] }[]
  skipped: { event: string; why: string }[]
  /** `system/event`, or `system/*`. */
  events: string[]
  rules: { rule: string; can: Decision['can']; why: string | null }[]
}

export function planDocument(plan: Plan): PlanDocument {
  return {
    kernel: plan.kernel.name,
    tier: plan.tier,
    clock: plan.clock,
    buffer_kb: plan.bufferKb,
    kind: plan.probes,
    offsets: plan.layout?.source ?? null,
    probes: plan.definitions.map(({ event, text, shows }) => ({ event, definition: text, shows })),
    skipped: plan.skipped,
    events: plan.events.map(({ path }) => path),
    rules: plan.rules.map(({ rule, can, why }) => ({ rule, can, why })),
  }
}

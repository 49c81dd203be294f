/** What is to be recorded, on which kernel, and what can be learnt from it: the same for every form of recipe. */
import { type EvidenceName, TIERS, type Tier } from '../domain/evidence/kinds.ts'
import { type Decision, decisions } from '../domain/evidence/needs.ts'
import { type Definition, defineProbes, type Skipped } from './definitions.ts'
import type { Kernel } from './kernel.ts'
import { type NativeEvents, nativeEvents } from './native-events.ts'
import { measuredLayout, type StructLayout } from './struct-layout.ts'

export type ProbeKind = 'fprobe' | 'kprobe'

export interface PlanOptions {
  tier: Tier
  /** Default: fprobes where the kernel has them. */
  probes?: ProbeKind | undefined
  /** Offsets for kprobes, measured on the kernel to be recorded. */
  layout?: StructLayout | null
  /** A name of `trace_clock`. */
  clock: string
  /** Of each CPU. */
  bufferKb: number
  /** Folder that the recording is saved in. */
  output: string
}

export interface Plan extends Omit<PlanOptions, 'probes' | 'layout'> {
  kernel: Kernel
  probes: ProbeKind
  /** Where kprobes take their offsets from. */
  layout: StructLayout | null
  definitions: Definition[]
  skipped: Skipped[]
  events: NativeEvents[]
  /** What a trace of this recipe says about each rule, where no probe is refused. */
  rules: Decision[]
}

/** A recording that would show nothing about buffers. */
export interface Nothing {
  kind: 'nothing'
  why: string
}

export function planRecording(kernel: Kernel, options: PlanOptions): Plan | Nothing {
  const { tier, clock, bufferKb, output } = options
  const probed = TIERS.indexOf(tier) >= TIERS.indexOf('T2')
  if (!probed && !kernel.nativeEvents)
    return {
      kind: 'nothing',
      why: `Linux ${kernel.name} has no dma_buf events of its own (they came with 7.0), so tier ${tier} would show no buffer; give --tier T2 or T3`,
    }
  const probes = options.probes ?? (kernel.fprobes ? 'fprobe' : 'kprobe')
  const layout = probes === 'kprobe' ? (options.layout ?? measuredLayout(kernel.version)) : null
  const { definitions, skipped } = probed ? defineProbes(kernel, layout) : { definitions: [], skipped: [] }
  const events = nativeEvents(kernel, tier)
  const shown = new Set<EvidenceName>([...definitions, ...events].flatMap(({ shows }) => shows))
  return {
    kernel,
    tier,
    clock,
    bufferKb,
    output,
    probes,
    layout,
    definitions,
    skipped,
    events,
    rules: decisions((name) => shown.has(name)),
  }
}

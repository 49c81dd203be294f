/**
 * What a rule of one's own is written with: `import { defineRule } from 'revenant/rules'`.
 *
 * All that a rule is shown is read-only and as it stands at this event; times are BigInt nanoseconds of the capture's
 * clock, unknown is null. Objects keep their identity throughout a capture, so they can be keys of a Map.
 */
import type {
  Basis,
  BufferState,
  Cause,
  ImporterClass,
  MappingEnd,
  ResetMethod,
  ResetTrigger,
} from '../domain/read-model.ts'
import type { Severity } from '../domain/rules.ts'

/** Where something was seen: its time, and the event's number in the order of time. What evidence is made of. */
export interface Moment {
  readonly ns: bigint
  readonly seq: number
}

export interface Buffer {
  readonly ino: bigint | null
  readonly exporter: string | null
  readonly exporterDevice: string | null
  /** Bytes. */
  readonly size: bigint | null
  readonly state: BufferState
  readonly exported: Moment | null
  readonly released: Moment | null
  /** The latest one, restored or not. */
  readonly revocation: Revocation | null
  /** Those that are there now. */
  readonly attachments: readonly Attachment[]
  readonly mappings: readonly Mapping[]
}

export interface Attachment {
  readonly buffer: Buffer | null
  readonly device: string | null
  readonly class: ImporterClass
  readonly basis: Basis
  /** Its invalidate_mappings function. */
  readonly callback: string | null
  readonly p2p: boolean | null
  readonly deferred: boolean | null
  readonly pinned: boolean | null
  readonly attached: Moment | null
  readonly detached: Moment | null
  /** Positive errno where the attach failed. */
  readonly refusedErrno: number | null
  /** Those that are there now. */
  readonly mappings: readonly Mapping[]
}

export interface Mapping {
  readonly buffer: Buffer | null
  readonly attachment: Attachment | null
  readonly iova: bigint | null
  readonly length: bigint | null
  readonly direction: string | null
  /** Null where it is older than the trace. */
  readonly mapped: Moment | null
  /** The unmap's return; null while it lives. */
  readonly unmapped: Moment | null
  readonly unmappedComm: string | null
  readonly unmappedPid: number | null
  readonly endedBy: MappingEnd | null
  /** When its exporter told it to go. */
  readonly invalidated: Moment | null
  readonly revocation: Revocation | null
}

export interface Revocation {
  readonly buffer: Buffer
  readonly cause: Cause
  readonly requested: Moment
  readonly notified: Moment | null
  readonly fences: Moment | null
  readonly completed: Moment | null
  readonly restored: Moment | null
  readonly permanent: boolean
  /** Mappings still there that were there when it began. */
  readonly pending: readonly Mapping[]
}

export interface Reset {
  readonly device: string | null
  readonly method: ResetMethod
  readonly trigger: ResetTrigger
  readonly first: Moment
  /** When the hardware was first touched; null where the reset failed before. */
  readonly touched: Moment | null
  readonly finished: Moment | null
  readonly result: string | null
  /** All unreleased buffers of the device, and mappings of them that lived at any moment of the reset. */
  readonly buffers: readonly Buffer[]
  readonly live: readonly Mapping[]
}

export interface Fence {
  readonly buffer: Buffer
  readonly added: Moment
  readonly signalled: Moment | null
  /** A wait that covers it returned before. */
  readonly awaited: boolean
}

export interface Gap {
  readonly cpu: number | null
  readonly from: bigint | null
  readonly to: bigint | null
  readonly lost: bigint | null
  readonly reason: string
}

/** What a rule can listen to, told at the moment it becomes known. */
export interface Facts {
  /** An attach succeeded; once more where more becomes known about it. */
  attached: { readonly attachment: Attachment }
  refused: { readonly attachment: Attachment }
  detached: { readonly attachment: Attachment; readonly stillMapped: readonly Mapping[] }
  mapped: { readonly mapping: Mapping }
  unmapped: { readonly mapping: Mapping }
  /** The importers are being told; `live` is what was mapped. */
  invalidated: { readonly buffer: Buffer; readonly revocation: Revocation; readonly live: readonly Mapping[] }
  restored: { readonly buffer: Buffer; readonly revocation: Revocation }
  /** A reset is over, or the trace is. */
  reset: { readonly reset: Reset }
  'fence-signalled': { readonly fence: Fence }
  released: { readonly buffer: Buffer }
  /** A device accessed an address; `exact: false` is an IOMMU fault, told later than it happened. */
  access: {
    readonly device: string
    readonly address: bigint
    readonly direction: string | null
    readonly exact: boolean
    readonly at: Moment
  }
  gap: { readonly gap: Gap }
  /** The trace is over. */
  ended: { readonly unreleased: readonly Buffer[] }
}

export interface Finding {
  /** Events that prove it, at least one; those never seen (null) are left out. */
  readonly evidence: readonly (Moment | null | undefined)[]
  /** Default: the current event. */
  readonly at?: Moment | null
  /** Default: the rule's. */
  readonly severity?: Severity
  /** One sentence. Default: the rule's. */
  readonly summary?: string
  /** Whatever is named fills the finding's columns. */
  readonly buffer?: Buffer | null
  readonly attachment?: Attachment | null
  readonly mapping?: Mapping | null
  readonly reset?: Reset | null
  readonly importerDevice?: string | null
  readonly iova?: bigint | null
  readonly comm?: string | null
  readonly pid?: number | null
  /** It rests on nothing having happened between the two; null is the end of the trace on that side. A gap there makes it undetermined. */
  readonly absent?: { readonly from: Moment | null; readonly to: Moment | null }
  /** Kinds of act (see `query events`), one of each list: where the trace never shows one, it is undetermined. */
  readonly needs?: readonly (readonly string[])[]
  /** What stands in the way of certainty: makes it undetermined. */
  readonly missing?: string | null
}

export type Report = (finding: Finding) => void

/** The trace around a fact. */
export interface Trace {
  /** The event being judged. `comm` is empty and the numbers -1 where the trace does not say. */
  readonly event: {
    readonly line: number
    readonly cpu: number
    readonly comm: string
    readonly pid: number
    readonly name: string
    readonly payload: string
  }
  readonly now: Moment
  /** Times are ticks of an unknown unit: no duration can be judged. */
  readonly ticks: boolean
}

export type Listeners = { readonly [K in keyof Facts]?: (fact: Facts[K], report: Report, trace: Trace) => void }

export interface RuleDefinition {
  readonly severity: Severity
  /** One sentence for findings that bring none. */
  readonly summary?: string
  /** The listeners; or a function that makes them, called for each capture, for rules that remember. */
  readonly on: Listeners | (() => Listeners)
}

/**
 * Gives the definition back, with its types checked.
 *
 * @example
 * export default defineRule({
 *   severity: 'warning',
 *   on: {
 *     mapped({ mapping }, report) {
 *       if (mapping.length === 0n) report({ mapping, evidence: [mapping.mapped], summary: 'an empty mapping' })
 *     },
 *   },
 * })
 */
export function defineRule(definition: RuleDefinition): RuleDefinition {
  return definition
}

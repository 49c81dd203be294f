/** What one capture brings to a comparison. Nothing here names an inode, a pointer, a time or a process: they differ between two runs of the same. */
import type { Basis, ImporterClass } from '../domain/read-model.ts'
import type { Rule, Severity, Verdict } from '../domain/rules.ts'

/** Findings of one kind, by what survives another run. */
export interface FindingGroup {
  rule: Rule
  severity: Severity
  verdict: Verdict
  exporter: string | null
  importerClass: ImporterClass | null
  /** The importing device; where none is known, its invalidate callback. */
  importer: string | null
  count: number
}

/** What a device shows as an importer, one entry for each of its classes and callbacks. */
export interface ImporterFact {
  device: string | null
  class: ImporterClass
  callback: string | null
  p2p: boolean | null
  basis: Basis
  deferred: boolean | null
}

/** Durations of one kind, nanoseconds. */
export interface Latencies {
  /** `revocation`: requested to completed. `unmap`: an importer told to unmapped. */
  kind: 'revocation' | 'unmap'
  /** Of a revocation the exporter, of an unmap the importing device. */
  name: string | null
  class: ImporterClass | null
  ns: bigint[]
}

/** How much was there to be found, and how much of it the trace shows. */
export interface Coverage {
  tier: string | null
  gaps: number
  malformed: number
  complete: boolean
  /** Times are ticks: no duration means anything. */
  ticks: boolean
  undetermined: number
  openEpisodes: number
  /** Rules whose evidence the trace lacks, with what is missing in words. */
  blind: ReadonlyMap<Rule, string>
  buffers: number
  attachments: number
  revocations: number
  resets: number
}

export interface CaptureEvidence {
  findings: FindingGroup[]
  importers: ImporterFact[]
  latencies: Latencies[]
  coverage: Coverage
}

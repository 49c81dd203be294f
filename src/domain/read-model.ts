/**
 * What the fold hands over to be kept: one row type for each read model.
 *
 * Ids (`buffer`, `attachment`, …) count from 0 in the order of first appearance within a capture, so that the same
 * log always gives the same ids. Times are nanoseconds of the capture's clock. Unknown is null. `ino`, `iova`, sizes
 * are unsigned 64-bit BigInts; pointers are `0x…` strings. `…Seq` and `evidence` are event numbers in the capture.
 */
import type { EpisodeVerdict, RuleName, Severity, Verdict } from './rules.ts'

export type ImporterClass = 'legacy' | 'pinned' | 'pinned-revocable' | 'dynamic' | 'private' | 'unknown'
export type Basis = 'observed' | 'declared' | 'inferred' | 'unknown'
export type BufferState = 'live' | 'revoking' | 'revoked' | 'dead' | 'released' | 'unknown'
export type Cause =
  | 'flr'
  | 'reset'
  | 'hot-reset'
  | 'memory-disable'
  | 'power'
  | 'close'
  | 'destroy'
  | 'move'
  | 'ras'
  | 'unknown'
export type ResetMethod = 'flr' | 'bus' | 'pm' | 'af-flr' | 'unknown'
export type ResetTrigger = 'open' | 'ioctl' | 'config-write' | 'sysfs' | 'close' | 'error-recovery' | 'unknown'

export interface BufferRow {
  id: number
  ino: bigint | null
  exporter: string | null
  exporterDevice: string | null
  size: bigint | null
  state: BufferState
  exportedNs: bigint | null
  releasedNs: bigint | null
  revocations: number
  attachments: number
  mappings: number
  findings: number
}

export interface AttachmentRow {
  id: number
  buffer: number | null
  ino: bigint | null
  /** Raw pointer where a probe showed it, else the hashed one of the native event. */
  attachment: string | null
  importerDevice: string | null
  class: ImporterClass
  deferred: boolean | null
  callback: string | null
  p2p: boolean | null
  basis: Basis
  attachedNs: bigint | null
  detachedNs: bigint | null
  /** Positive errno where the attach failed. */
  refusedErrno: number | null
  pinned: boolean | null
  /** How often the exporter told this attachment to let go while it had something mapped. */
  invalidations: number
}

/** How a mapping came to its end. */
export type MappingEnd = 'unmap' | 'revoke' | 'detach' | 'release'

export interface MappingRow {
  id: number
  buffer: number | null
  /** Id of its `AttachmentRow`. */
  attachmentId: number | null
  ino: bigint | null
  attachment: string | null
  importerDevice: string | null
  direction: string | null
  iova: bigint | null
  length: bigint | null
  mappedNs: bigint | null
  unmappedNs: bigint | null
  unmappedComm: string | null
  unmappedPid: number | null
  endedBy: MappingEnd | null
  liveAtReset: boolean
  /** From the later of notified and fences drained to the unmap's return; null where it was not revoked. */
  unmapLatencyNs: bigint | null
}

export interface RevocationRow {
  id: number
  buffer: number
  ino: bigint | null
  exporterDevice: string | null
  cause: Cause
  requestedNs: bigint
  notifiedNs: bigint | null
  fencesNs: bigint | null
  unmappedNs: bigint | null
  completedNs: bigint | null
  restoredNs: bigint | null
  permanent: boolean
  slowestImporter: string | null
  blockedNs: bigint | null
  verdict: EpisodeVerdict
}

export interface ResetRow {
  id: number
  device: string | null
  method: ResetMethod
  trigger: ResetTrigger
  startedNs: bigint
  finishedNs: bigint | null
  /** `ok`, an errno name such as `EAGAIN`, `timeout`, or null where no event says. */
  result: string | null
  buffers: number
  mappingsLive: number
  verdict: EpisodeVerdict
}

export interface GapRow {
  id: number
  cpu: number | null
  fromNs: bigint | null
  toNs: bigint | null
  lost: bigint | null
  reason: string
}

export interface FindingRow {
  /** Counts from 0 in the order found; the public id is made from it, the rule and the capture. */
  id: number
  rule: RuleName
  severity: Severity
  verdict: Verdict
  ns: bigint | null
  ino: bigint | null
  exporter: string | null
  exporterDevice: string | null
  importerDevice: string | null
  importerClass: ImporterClass | null
  attachment: string | null
  iova: bigint | null
  comm: string | null
  pid: number | null
  summary: string
  evidence: number[]
  /** What stands in the way of certainty; null when violated. */
  missing: string | null
}

/** What one batch of events turned out to be about, as columns beside the log's own; read by `events` and `timeline`. */
export interface MeaningBatch {
  firstSeq: number
  count: number
  /** Index into `ACT_TYPES`; 0 is an event without meaning here. */
  type: Uint8Array
  /** `BufferRow.id`, or -1. */
  buffer: Int32Array
  /** `AttachmentRow.id`, or -1. */
  attachment: Int32Array
  /** Index into the capture's device names, or -1. */
  device: Int32Array
}

/** Everything that one step of the fold made new or changed. Rows replace earlier ones of the same id. */
export interface Changes {
  buffers: BufferRow[]
  attachments: AttachmentRow[]
  mappings: MappingRow[]
  revocations: RevocationRow[]
  resets: ResetRow[]
  gaps: GapRow[]
  findings: FindingRow[]
  /** Device names first seen: `devices[k]` has index `firstDevice + k`. */
  firstDevice: number
  devices: string[]
  meaning: MeaningBatch | null
}

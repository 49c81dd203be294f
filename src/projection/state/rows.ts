/**
 * What was so at one moment of a capture. Times are nanoseconds of its clock, null where no event says; ids are those
 * of the read models. Nothing here was learned after that moment, except where a comment says so.
 */
import type { Basis, BufferState, Cause, ImporterClass, ResetMethod, ResetTrigger } from '../../domain/read-model.ts'

export interface MappingAt {
  id: number
  attachment: number | null
  iova: bigint | null
  length: bigint | null
  direction: string | null
  mappedNs: bigint | null
  /** When the importer was told to let go of it. */
  toldNs: bigint | null
  /** Its unmap has been entered, and has not returned. */
  unmappingNs: bigint | null
}

export interface AttachmentAt {
  id: number
  /** Raw pointer where a probe showed it, else the hashed one of the native event. From the whole capture. */
  attachment: string | null
  /** From the whole capture, as are class, basis, deferred, callback and p2p: what an importer is does not change. */
  importerDevice: string | null
  class: ImporterClass
  basis: Basis
  deferred: boolean | null
  callback: string | null
  p2p: boolean | null
  attachedNs: bigint | null
  comm: string | null
  pid: number | null
  pinned: boolean | null
  /** How often it had been told to let go while it had something mapped. */
  invalidations: number
  mappings: MappingAt[]
}

/** What a revocation that is not over is waiting for. */
export type RevocationPhase = 'telling' | 'waiting-for-unmaps' | 'waiting-for-fences' | 'returning' | 'complete'

export interface RevocationAt {
  id: number
  cause: Cause
  phase: RevocationPhase
  permanent: boolean
  requestedNs: bigint
  notifiedNs: bigint | null
  fencesNs: bigint | null
  unmappedNs: bigint | null
  completedNs: bigint | null
  /** Who had not unmapped yet, one entry an attachment. */
  waitingFor: { attachment: number | null; importerDevice: string | null; mappings: number }[]
}

export interface FenceAt {
  context: string
  seqno: string
  addedNs: bigint
  /** A wait that covers it has returned, though it was not seen to signal. */
  awaited: boolean
  /** Other buffers share its reservation object: it may concern only one of them. */
  shared: boolean
}

export interface BufferAt {
  id: number
  ino: bigint | null
  /** From the whole capture, as are its device and size. */
  exporter: string | null
  exporterDevice: string | null
  size: bigint | null
  state: BufferState
  /** Since when it is in that state; null where it was so before the trace. */
  sinceNs: bigint | null
  exportedNs: bigint | null
  releasedNs: bigint | null
  /** Its number or its address is another buffer's by now: its end was not seen. */
  replaced: boolean
  /** The latest, unless it was restored. */
  revocation: RevocationAt | null
  attachments: AttachmentAt[]
  /** Mappings of which no event names the attachment. */
  mappings: MappingAt[]
  /** Those not seen to have signalled. */
  fences: FenceAt[]
}

export type ResetPhase = 'before-hardware' | 'hardware' | 'returning'

export interface ResetAt {
  id: number
  method: ResetMethod
  trigger: ResetTrigger
  /** `before-hardware` until a function that disables the device is entered; `returning` when all that were have returned. */
  phase: ResetPhase
  startedNs: bigint
  touchedNs: bigint | null
  /** The innermost function that has been entered and has not returned. */
  within: string | null
}

export interface DeviceAt {
  /** Null where only its address is known. */
  device: string | null
  pointer: string | null
  /** Null before its first move, and of what is no vfio device. */
  revoked: boolean | null
  /** What the move of it that is under way does: its buffers are being revoked, or restored. */
  moving: 'revoke' | 'restore' | null
  /** Its last user is closing it. */
  closing: boolean
  /** The reset that is running. */
  reset: ResetAt | null
  /** Its unreleased buffers, by id. */
  buffers: number[]
}

/** All of a world, at the moment it is at. */
export interface WorldRows {
  buffers: BufferAt[]
  devices: DeviceAt[]
  /** Open attachments of which no event names the buffer. */
  attachments: AttachmentAt[]
}

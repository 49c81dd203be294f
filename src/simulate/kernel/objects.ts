/** What the kernel keeps: the real state, which no trace shows whole. */

import type { Lock, WaitQueue } from '../scheduler.ts'
import type { TrueReset, TrueRevocation } from '../truth/truth.ts'
import type { Exporter } from './exporter.ts'
import type { Importer } from './importer.ts'
import type { PciFunction } from './pci-function.ts'

export interface Buffer {
  ino: number
  exporter: Exporter
  /** Whose memory it is; null for system memory. */
  owner: PciFunction | null
  size: number
  pointer: string
  reservation: Reservation
  /** Newest first, as list_add() puts them. */
  attachments: Attachment[]
  /** The exporter's own flag. */
  revoked: boolean
  /** Its exporter is gone for good. */
  dead: boolean
  released: boolean
  /** Attaches that succeeded, and maps. */
  accepted: number
  mapped: number
  /** Mappings that the exporter counts, and who waits for them to go. */
  counted: number
  unmapped: WaitQueue
  exportedAt: number
  releasedAt: number | null
  /** The revocation that is not restored, as it was acted out. */
  revocation: TrueRevocation | null
}

/** `struct dma_resv`. */
export interface Reservation {
  pointer: string
  lock: Lock
  fences: Set<Fence>
}

export interface Fence {
  context: number
  seqno: number
  usage: number
  driver: string
  timeline: string
  signalled: boolean
  waiters: WaitQueue
  buffer: Buffer
  addedAt: number
  /** Somebody waited for it before going on. */
  awaited: boolean
  /** The revoke was over before it signalled, and so perhaps was a reset begun. */
  cutOff: { reset: TrueReset | null } | null
}

export interface Attachment {
  buffer: Buffer
  importer: Importer
  pointer: string
  pins: number
  mappings: Set<Mapping>
  detached: boolean
  attachedAt: number
  detachedAt: number | null
}

export interface Mapping {
  attachment: Attachment
  table: string
  iova: number
  length: number
  direction: number
  /** How often its address had been given out, itself included. */
  use: number
  mappedAt: number
  /** When the translation went, and when the call that took it away returned. */
  goneAt: number | null
  returnedAt: number | null
  /** By which revocation, and when, it was told to go. */
  told: { episode: TrueRevocation; at: number; notifiedAt: number | null; fencesAt: number | null } | null
  /** Rules whose breach by this mapping was written down. */
  noted: Set<string>
}

/** What the kernel keeps: the real state, which no trace shows whole. */

import type { MappingEnd } from '../../domain/read-model.ts'
import type { Lock, WaitQueue } from '../scheduler.ts'
import type { TrueReset, TrueRevocation } from '../truth/truth.ts'
import type { Exporter } from './exporter.ts'
import type { Importer } from './importer.ts'
import type { Thread } from './machine.ts'
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
  /** A revoke of it has begun and waits for its fences or its mappings. */
  revoking: boolean
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
  /** It had a pin at some time. */
  everPinned: boolean
  /** In how many revocations it was told while it had something mapped, and the last of them. */
  invalidations: number
  toldIn: TrueRevocation | null
  /** Whose call its callback runs in. */
  callbackIn: Thread | null
  /** What it did about it: unmapped within the callback, or later as well; null as long as it did nothing. */
  acted: 'within' | 'later' | null
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
  told: {
    episode: TrueRevocation
    at: number
    /** When the exporter's call began, and when it was over. */
    enteredAt: number | null
    notifiedAt: number | null
    fencesAt: number | null
  } | null
  endedBy: MappingEnd | null
  /** Who took it away. */
  endedIn: { comm: string; pid: number } | null
  liveAtReset: boolean
  /** Rules whose breach by this mapping was written down. */
  noted: Set<string>
}

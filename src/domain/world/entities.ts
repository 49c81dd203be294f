/**
 * The things a trace tells of, as the fold knows them at one moment. They are mutable and live in a `World`; what is
 * to be kept of them is a row (`read-model.ts`). A new attachment or mapping is made whenever one begins, however
 * familiar its pointer: pointers, `sg_table`s and IOVAs are used again within microseconds.
 */
import type { Finding } from '../findings.ts'
import type { Basis, BufferState, Cause, ImporterClass, MappingEnd, ResetMethod, ResetTrigger } from '../read-model.ts'
import type { EpisodeVerdict } from '../rules.ts'
import type { DeviceLoss } from './device-loss.ts'
import type { Fence } from './fence.ts'
import type { Snapshot } from './snapshot.ts'
import type { Task } from './task.ts'
import type { VfioDevice } from './vfio-device.ts'

/** Anything with a row; `dirty` while the row has changed and was not yet handed over. */
export interface Entity {
  id: number
  dirty: boolean
}

/** Where something was seen: time and event number, and whose line it was (`UNKNOWN` where the trace does not say). */
export interface Sighting {
  ns: bigint
  seq: number
  cpu: number
  pid: number
}

export interface Buffer extends Entity {
  ino: string | null
  dmabuf: string | null
  resv: string | null
  exporter: string | null
  /** Module whose code called `dma_buf_export()`. */
  module: string | null
  exporterDevice: string | null
  vfio: VfioDevice | null
  size: string | null
  state: BufferState
  /** When it came into that state, as far as events show. */
  since: Sighting
  /** First event about it. */
  first: Sighting
  /** The snapshot that first showed it. */
  snapshot: Snapshot | null
  /** An event of the trace was about it, too. */
  traced: boolean
  /** It was missing from a complete snapshot: released by then, though no event says when. */
  missed: Sighting | null
  exported: Sighting | null
  released: Sighting | null
  /** Revoked for good: its device was closed, or its exporter destroys. */
  dead: boolean
  /** The latest revocation, restored or not. */
  revocation: Revocation | null
  /** Set from the invalidate of the un-revoke on; maps are legal again from there, before the device's move returns. */
  restoring: Sighting | null
  /** Exported while its device was revoked: refusals without a preceding revoke are legal. */
  bornRevoked: boolean
  /** Events of an export already counted, so that one export seen by two probes is one buffer. */
  sources: string[]
  attachments: Set<Attachment>
  mappings: Set<Mapping>
  fences: Set<Fence>
  /** Mappings that ended at the latest time at which any of its did: of several in one microsecond each may be a tie. */
  lately: Mapping[]
  /** When the last of its fences signalled that nobody had waited for. */
  signalled: Sighting | null
  /** When it was last mapped: it was not revoked then. */
  mapped: Sighting | null
  /** Somebody was attached who maps through `dma_buf_map_attachment()`. */
  mappable: boolean
  /** Its exporter's device was seen to be reset after an invalidate: this exporter revokes. */
  resetAfterInvalidate: boolean
  lastReset: Reset | null
  revocationCount: number
  attachmentCount: number
  mappingCount: number
  findingCount: number
}

export interface Attachment extends Entity {
  buffer: Buffer | null
  pointer: string | null
  hashed: string | null
  device: string | null
  class: ImporterClass
  basis: Basis
  callback: string | null
  ops: string | null
  /** It has ops, be they shown or not. */
  dynamic: boolean
  /** The function that attach returned into, and its module. */
  caller: string | null
  callerModule: string | null
  p2p: boolean | null
  deferred: boolean | null
  entered: Sighting | null
  attached: Sighting | null
  detached: Sighting | null
  refusedErrno: number | null
  /** pid that attached; null where the attach was not seen. */
  pid: number | null
  /** The task's name at the time; empty where the trace does not name it. */
  comm: string | null
  /** Its process; null where the trace does not say. */
  tgid: number | null
  pins: number
  /** Of `pins`, those counted at the entry of a call whose outcome was not seen. */
  unprovenPins: number
  pinned: boolean | null
  /** When it was first unpinned more often than pinned. */
  overdrawn: Sighting | null
  mappings: Set<Mapping>
  /** Events that have reported this attach, and its detach: each reports one attach once. */
  sources: string[]
  detachSources: string[]
  invalidations: number
  /** Its raw pointer was joined to its hashed one by a guess among several. */
  uncertain: boolean
  /** Rules that have spoken about this attachment. */
  flagged: string[]
  /** The latest snapshot that showed its device attached, and the latest that should have and did not. */
  listed: Sighting | null
  missed: Sighting | null
  /** The mapping it unmapped last. */
  retired: Mapping | null
  /** Had a mapping taken away by a revocation that was restored, and has not mapped since. */
  lost: Sighting | null
}

export interface Mapping extends Entity {
  buffer: Buffer | null
  /** Null where the probe of the map does not show it: of such a one the buffer is not known either. */
  attachment: Attachment | null
  sgt: string | null
  iova: bigint | null
  length: bigint | null
  /** What faults are matched against: `length`, or the whole buffer where the probe showed only the first of several segments. */
  span: bigint | null
  direction: string | null
  /** Entry of the map call, where it is probed. */
  entered: Sighting | null
  mapped: Sighting | null
  /** Entry of the unmap call; the mapping is live until it returns. */
  unmapEntered: Sighting | null
  /** The thread that is taking it down, while it is not known whether the return of that is probed. */
  leaving: Task | null
  unmapped: Sighting | null
  unmappedComm: string | null
  unmappedPid: number | null
  endedBy: MappingEnd | null
  /** The invalidate that told it to go first, and the revocation that this was for. */
  invalidated: Sighting | null
  told: Revocation | null
  /** The latest revocation that told it to go, and all that did. */
  revocation: Revocation | null
  awaitedBy: Revocation[]
  /** Maps that were given the same `sg_table` while it was mapped, and not yet unmapped. */
  reuses: number
  liveAtReset: boolean
  sources: string[]
  /** Functions whose probes reported the map. */
  via: Set<string>
  /** Number of the `iommu:map` event that had translated its address when it was mapped. */
  translated: number | null
  /** Rules that have spoken about this mapping. */
  flagged: string[]
}

export interface Revocation extends Entity {
  buffer: Buffer
  /** `move`: by `vfio_pci_dma_buf_move()`, whose restore is visible; `invalidate`: by the invalidate alone. */
  kind: 'move' | 'invalidate'
  cause: Cause
  requested: Sighting
  invalidated: Sighting
  notified: Sighting | null
  /** Since when its exporter waits for all fences, and when that wait was over. */
  waiting: Sighting | null
  fences: Sighting | null
  unmapped: Sighting | null
  completed: Sighting | null
  restored: Sighting | null
  permanent: boolean
  /** Mappings still live that were live when it began. */
  pending: Set<Mapping>
  slowest: { device: string | null; ns: bigint } | null
  verdict: EpisodeVerdict
  /** What its verdict lacks, where no finding says it. */
  unsure: string | null
  /** Why its verdict may be another one, where neither a gap nor a finding says it. */
  doubt: string | null
  findings: Finding[]
  /** Fences that had neither signalled nor been waited for when it was taken for complete. */
  unsignalled: Fence[]
  /** The return of its invalidate is probed, so it is not over before. */
  returns: boolean
  /** Rules that have spoken about it. */
  flagged: string[]
}

export interface Reset extends Entity {
  device: string | null
  devicePtr: string | null
  /** The vfio device that its thread had just revoked or is closing. */
  vfio: VfioDevice | null
  /** Revocations of which nothing else said what they were for. */
  named: Revocation[]
  /** What of it told that the device did not come back. */
  loss: DeviceLoss | null
  /** `device` is the bridge above the bus that is reset. */
  bridge: boolean
  /** Module of the reset function, where it names no device. */
  module: string | null
  pid: number
  /** The reset of the bus that this function is on, and the other functions' resets in it. */
  parent: Reset | null
  siblings: Reset[]
  method: ResetMethod
  trigger: ResetTrigger
  first: Sighting
  /** When the hardware was first touched: the function that disables it, or the kernel's "resetting". */
  touched: Sighting | null
  /** Entry of `pci_dev_save_and_disable()`. */
  disabled: Sighting | null
  finished: Sighting | null
  closed: boolean
  result: string | null
  frames: { fn: string; seq: number }[]
  /** Mappings of the device's buffers that were live at any moment of the reset, and all its unreleased buffers. */
  live: Set<Mapping>
  buffers: Set<Buffer>
  /** Of `buffers`, those that nobody had revoked when the hardware was touched. */
  unrevoked: Set<Buffer>
  /** Fences of `buffers` that had neither signalled nor been waited for. */
  unsignalled: Fence[]
  /** Buffers that may or may not be of this device, and their mappings when the hardware was touched. */
  doubtful: Set<Buffer>
  doubtfullyLive: Set<Mapping>
  /** Importers were attached to `buffers` that map through `dma_buf_map_attachment()`. */
  attached: boolean
  /** Nothing ties it to a device or a module, and there were buffers that may be of what is reset. */
  ofAnybody: boolean
  judged: boolean
  verdict: EpisodeVerdict
  unsure: string | null
  /** Why its verdict may be another one, where neither a gap nor a finding says it. */
  doubt: string | null
  findings: Finding[]
}

import type { DeviceLoss } from './world/device-loss.ts'
import type { Attachment, Buffer, Mapping, Reset, Revocation, Sighting } from './world/entities.ts'
import type { Fence } from './world/fence.ts'
import type { Splat } from './world/splat.ts'
import type { Gap } from './world/window.ts'

/**
 * What the fold tells the rules, at the moment it becomes known. A rule listens to the facts it needs and may look at
 * the world around them.
 */
export interface Facts {
  /** An attach succeeded, or more became known about one that had. */
  attached: { attachment: Attachment }
  refused: { attachment: Attachment }
  detached: { attachment: Attachment; stillMapped: Mapping[] }
  /** `dma_buf_pin()` returned success. */
  pinned: { attachment: Attachment }
  mapped: { mapping: Mapping }
  unmapped: { mapping: Mapping }
  /** An unmap of a mapping that had gone already, or through an attachment that had. */
  'unmapped-again': { mapping: Mapping }
  'used-detached': { attachment: Attachment; call: 'map' | 'unmap' }
  /** The importers are being told; `live` is what was mapped. Not for the invalidate of an un-revoke. */
  invalidated: { buffer: Buffer; revocation: Revocation; live: Mapping[]; at: Sighting }
  restored: { buffer: Buffer; revocation: Revocation }
  /** The importers of a buffer that was revoked for good are told within an un-revoke, which makes it usable again. */
  revived: { buffer: Buffer; at: Sighting }
  /** A device is made revoked or restored, with the reset that was running. */
  'restore-during-reset': { reset: Reset; at: Sighting; buffers: Buffer[] }
  /** VFIO takes the device's memory or power away; `live` is what is still mapped, its unmap not even begun. */
  disabled: { revocation: Revocation; live: Mapping[]; at: Sighting }
  /** The reset is over, or the capture is; everything about it is known. */
  reset: { reset: Reset }
  /** The device of an exporter no longer answers, or is no longer there. */
  'device-lost': { loss: DeviceLoss }
  'fence-signalled': { fence: Fence }
  released: { buffer: Buffer }
  /** An access that an IOMMU refused (`exact: false`: told later than it happened) or that a user's event declares. */
  access: {
    device: string
    address: bigint
    direction: string | null
    exact: boolean
    at: Sighting
  }
  splat: { splat: Splat }
  gap: { gap: Gap }
  ended: { at: Sighting }
}

export type FactName = keyof Facts

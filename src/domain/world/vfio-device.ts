import type { Buffer, Revocation, Sighting } from './entities.ts'

/** A device opened through vfio-pci, by name, by the address of its `vfio_pci_core_device`, or both. */
export interface VfioDevice {
  name: string | null
  pointer: string | null
  /** Last known state, and since when; null before the first move. */
  revoked: boolean | null
  since: Sighting | null
  buffers: Set<Buffer>
  /** Revocations of its buffers that are not restored. */
  open: Set<Revocation>
}

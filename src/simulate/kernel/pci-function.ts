import { createLock, type Lock } from '../scheduler.ts'
import type { Hit } from '../truth/resets.ts'
import type { Buffer } from './objects.ts'

/** A PCI function on vfio-pci, with the buffers exported from its BARs. */
export interface PciFunction {
  name: string
  /** Address of its `vfio_pci_core_device`. */
  vdev: string
  memoryLock: Lock
  buffers: Set<Buffer>
  memoryEnabled: boolean
  open: boolean
  /** The reset that it is in, from the moment that the hardware is touched. */
  hit: Hit | null
  /** Name of the port above it. */
  port: string
}

export function pciFunction(name: string, vdev: string, port: string): PciFunction {
  return {
    name,
    vdev,
    memoryLock: createLock(),
    buffers: new Set(),
    memoryEnabled: true,
    open: false,
    hit: null,
    port,
  }
}

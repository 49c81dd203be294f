import type { Machine } from '../kernel/machine.ts'
import type { PciFunction } from '../kernel/pci-function.ts'
import { breach } from './truth.ts'

/** The exporter's device is gone under whoever has its memory mapped. */
export function noteLost(m: Machine, { name, buffers }: PciFunction, provable: boolean): void {
  for (const { ino, attachments } of buffers)
    for (const { importer, mappings } of attachments)
      for (const { iova } of mappings)
        breach(m.truth, 'device-lost-while-mapped', {
          ino,
          importer: importer.device,
          exporter: name,
          severity: 'error',
          at: m.scheduler.now,
          why: `mapped at ${iova.toString(16)} when the device was lost`,
          provable,
        })
}

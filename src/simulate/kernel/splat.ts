/** lib/refcount.c and kernel/panic.c `__warn()`: what a warning looks like in the kernel log. */
import type { Running } from '../scheduler.ts'
import { breach } from '../truth/truth.ts'
import { type Machine, printk, type Thread } from './machine.ts'
import type { Buffer } from './objects.ts'

export function* warn(m: Machine, thread: Thread, buffer: Buffer): Running {
  breach(m.truth, 'kernel-splat', {
    severity: 'error',
    at: m.scheduler.now,
    why: `the count of buffer ${buffer.ino} went below zero`,
  })
  for (const text of [
    '------------[ cut here ]------------',
    'refcount_t: underflow; use-after-free.',
    `WARNING: lib/refcount.c:28 at refcount_warn_saturate+0xba/0x110, CPU#${thread.cpu}: ${thread.comm}/${thread.pid}`,
    'Modules linked in: vfio_pci vfio_pci_core vfio_iommu_type1 vfio iommufd irqbypass',
    `CPU: ${thread.cpu} UID: 0 PID: ${thread.pid} Comm: ${thread.comm} Not tainted 7.3.4-amd64 #1 PREEMPT(lazy)`,
    'RIP: 0010:refcount_warn_saturate+0xba/0x110',
    'Call Trace:',
    ' <TASK>',
    ' vfio_pci_dma_buf_unmap+0x4a/0x60 [vfio_pci_core]',
    ' </TASK>',
    '---[ end trace 0000000000000000 ]---',
  ])
    yield* printk(m, thread, text)
}

/** drivers/pci/pcie: errors that devices and ports report, and the recovery that follows (KERNEL.md §3.2, §4.1). */
import type { Running } from '../scheduler.ts'
import { noteLost } from '../truth/losses.ts'
import { noteResetOver, noteTouched } from '../truth/resets.ts'
import { enter, leave, type Machine, milliseconds, printk, type Thread, tracepoint } from './machine.ts'
import type { PciFunction } from './pci-function.ts'

const irq = (comm: string, pid: number): Thread => ({ comm, pid, tgid: pid, cpu: 0 })

/** The function itself reports that it is beyond help. */
export function* fatalError(m: Machine, fn: PciFunction): Running {
  const thread = irq('irq/123-aerdrv', 71)
  yield* tracepoint(m, thread, 'ras:aer_event', { device: fn.name, severity: 'Fatal', flags: 'Malformed TLP' })
  noteLost(m, fn, true)
}

/** The same of a device that only imports: nothing of what it has mapped goes away. */
export function* fatalErrorOf(m: Machine, device: string): Running {
  const thread = irq('irq/123-aerdrv', 71)
  yield* tracepoint(m, thread, 'ras:aer_event', { device, severity: 'Fatal', flags: 'Malformed TLP' })
}

/** The card is pulled: hotplug tells of the slot's port, and of nothing below it. */
export function* unplug(m: Machine, fn: PciFunction): Running {
  const thread = irq('irq/26-pciehp', 73)
  yield* tracepoint(m, thread, 'pci:pci_hp_event', { port: fn.port, slot: 4, change: 'LINK_DOWN' })
  noteLost(m, fn, false)
}

/** An error that can be recovered: the bus is reset, past VFIO, which hears of it through an eventfd at most. */
export function* recover(m: Machine, fn: PciFunction): Running {
  const thread = irq('irq/123-aerdrv', 71)
  const fields = { device: fn.port }
  yield* tracepoint(m, thread, 'ras:aer_event', {
    device: fn.name,
    severity: 'Uncorrected, non-fatal',
    flags: 'Completion Timeout',
  })
  yield* printk(m, thread, `pcieport ${fn.port}: AER: Uncorrectable (Non-Fatal) error message received from ${fn.name}`)
  yield* enter(m, thread, { fn: 'pci_bridge_secondary_bus_reset', fields })
  const hit = noteTouched(m, { device: fn.name, fn }, { method: 'bus', trigger: 'error-recovery' })
  yield milliseconds(m.random.between(1000, 1200))
  noteResetOver(m, hit, fn)
  yield* leave(m, thread, {
    fn: 'pci_bridge_secondary_bus_reset',
    caller: 'aer_root_reset+0x6b/0x180',
    fields: { ...fields, ret: 0 },
  })
  yield* printk(m, thread, `pcieport ${fn.port}: AER: device recovery successful`)
}

import type { ResetMethod, ResetTrigger } from '../read-model.ts'

/** Functions that carry a reset from beginning to end; the others run inside them, or alone. */
export const OUTER: ReadonlySet<string> = new Set([
  'pci_try_reset_function',
  'pci_reset_function',
  'pci_reset_function_locked',
  'pci_reset_bus',
])

/** A bridge's own name stands for the bus below it. */
export const BRIDGE = 'pci_bridge_secondary_bus_reset'

/** Functions after whose entry the device is no longer its former self. */
const TOUCHES: ReadonlySet<string> = new Set([
  'pci_dev_save_and_disable',
  'pcie_flr',
  'pcie_reset_flr',
  'pci_af_flr',
  'pci_pm_reset',
  BRIDGE,
  'pci_reset_bus',
  '__pci_reset_bus',
  '__pci_reset_function_locked',
])

export const METHODS: ReadonlyMap<string, ResetMethod> = new Map([
  ['pcie_flr', 'flr'],
  ['pcie_reset_flr', 'flr'],
  ['pci_af_flr', 'af-flr'],
  ['pci_pm_reset', 'pm'],
  [BRIDGE, 'bus'],
  ['pci_reset_bus', 'bus'],
  ['__pci_reset_bus', 'bus'],
])

/** Who asked, by the caller that an outer function returns to (KERNEL.md §3.2). */
export const TRIGGERS: ReadonlyMap<string, ResetTrigger> = new Map([
  ['vfio_pci_core_enable', 'open'],
  ['vfio_pci_core_ioctl', 'ioctl'],
  ['vfio_pci_ioctl_reset', 'ioctl'],
  ['vfio_pci_dev_set_hot_reset', 'ioctl'],
  ['vfio_pci_ioctl_pci_hot_reset', 'ioctl'],
  ['vfio_exp_config_write', 'config-write'],
  ['vfio_af_config_write', 'config-write'],
  ['reset_store', 'sysfs'],
  ['reset_method_store', 'sysfs'],
  ['reset_subordinate_store', 'sysfs'],
  ['vfio_pci_core_disable', 'close'],
  ['pcie_do_recovery', 'error-recovery'],
  ['aer_root_reset', 'error-recovery'],
  ['dpc_reset_link', 'error-recovery'],
  ['pci_bus_error_reset', 'error-recovery'],
  ['eeh_reset_device', 'error-recovery'],
])

/** Errors with which a reset ends before it touches the device: -EAGAIN, -ENOTTY. */
export const UNTOUCHED: ReadonlySet<number | null> = new Set([11, 25])

/** pci.c's whole resets, and any other driver's own. */
export function isOuter(fn: string): boolean {
  return OUTER.has(fn) || !/^_*pcie?_/.test(fn)
}

export function touchesHardware(fn: string): boolean {
  return TOUCHES.has(fn) || (isOuter(fn) && !OUTER.has(fn))
}

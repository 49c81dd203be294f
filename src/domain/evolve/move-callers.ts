import type { Cause } from '../read-model.ts'

/** Who called `vfio_pci_dma_buf_move(vdev, true)`, and why (KERNEL.md §3.2). Null, as any other name, says nothing. */
export const CAUSE_OF_CALLER: ReadonlyMap<string | null, Cause> = new Map([
  ['vfio_pci_core_ioctl', 'reset'],
  ['vfio_pci_ioctl_reset', 'reset'],
  ['vfio_exp_config_write', 'reset'],
  ['vfio_af_config_write', 'reset'],
  ['vfio_pci_dev_set_hot_reset', 'hot-reset'],
  ['vfio_pci_ioctl_pci_hot_reset', 'hot-reset'],
  ['vfio_basic_config_write', 'memory-disable'],
  ['vfio_pm_config_write', 'power'],
  ['vfio_lock_and_set_power_state', 'power'],
  ['vfio_pci_runtime_pm_entry', 'power'],
  ['vfio_pci_core_runtime_suspend', 'power'],
  ['vfio_pci_core_pm_entry', 'power'],
  ['vfio_pci_dma_buf_cleanup', 'close'],
])

/** No reset follows, and yet the importer's accesses meet a device without memory or power (KERNEL.md §6, R5). */
export const DISABLING: ReadonlySet<Cause> = new Set(['memory-disable', 'power'])

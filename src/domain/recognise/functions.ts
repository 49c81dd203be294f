import type { ActType } from '../act-type.ts'

/**
 * Kernel functions whose probes carry meaning, whatever the user named the probe and its fields. `args` are the
 * function's parameters in order, as the slots of an `Act`, for probes that kept the default names `arg1`, `arg2`, …
 */
export interface ProbedFunction {
  type: ActType
  args: readonly string[]
  /** What the return value is, where a return probe printed it under any name. */
  returns: string | null
}

const fn = (type: ActType, args: string, returns: string | null = null): ProbedFunction => ({
  type,
  args: args === '' ? [] : args.split(' '),
  returns,
})

export const FUNCTIONS: ReadonlyMap<string, ProbedFunction> = new Map([
  // drivers/dma-buf/dma-buf.c
  ['dma_buf_export', fn('export', '', 'dmabuf')],
  ['dma_buf_fd', fn('fd', 'dmabuf', 'fd')],
  ['dma_buf_get', fn('get', 'fd', 'dmabuf')],
  ['dma_buf_put', fn('put', 'dmabuf')],
  ['dma_buf_dynamic_attach', fn('attach', 'dmabuf devicePtr ops', 'attach')],
  ['dma_buf_attach', fn('attach', 'dmabuf devicePtr', 'attach')],
  ['dma_buf_detach', fn('detach', 'dmabuf attach')],
  ['dma_buf_pin', fn('pin', 'attach', 'ret')],
  ['dma_buf_unpin', fn('unpin', 'attach')],
  ['dma_buf_map_attachment', fn('map', 'attach direction', 'sgt')],
  ['dma_buf_map_attachment_unlocked', fn('map', 'attach direction', 'sgt')],
  ['dma_buf_unmap_attachment', fn('unmap', 'attach sgt direction')],
  ['dma_buf_unmap_attachment_unlocked', fn('unmap', 'attach sgt direction')],
  ['dma_buf_invalidate_mappings', fn('invalidate', 'dmabuf')],
  ['dma_buf_move_notify', fn('invalidate', 'dmabuf')],
  ['dma_buf_attach_revocable', fn('revocable-test', 'attach', 'ret')],
  ['dma_buf_file_release', fn('release', '')],
  ['dma_buf_release', fn('release', '')],
  ['dma_buf_mmap', fn('cpu-map', 'dmabuf', 'ret')],
  ['dma_buf_mmap_internal', fn('cpu-map', '', 'ret')],
  ['dma_buf_vmap', fn('cpu-map', 'dmabuf', 'ret')],
  ['dma_buf_vunmap', fn('cpu-map', 'dmabuf')],
  ['dma_buf_begin_cpu_access', fn('cpu-access', 'dmabuf direction', 'ret')],
  ['dma_buf_end_cpu_access', fn('cpu-access', 'dmabuf direction', 'ret')],
  // drivers/dma-buf/dma-resv.c
  ['dma_resv_wait_timeout', fn('reservation-wait', 'resv usage', 'ret')],
  ['dma_resv_add_fence', fn('reservation-add', 'resv')],
  ['dma_resv_add_shared_fence', fn('reservation-add', 'resv')],
  ['dma_resv_add_excl_fence', fn('reservation-add', 'resv')],
  // drivers/vfio/pci
  ['vfio_pci_dma_buf_move', fn('device-move', 'vdev revoked')],
  ['vfio_pci_dma_buf_cleanup', fn('device-cleanup', 'vdev')],
  ['vfio_pci_core_close_device', fn('device-close', 'vdev')],
  ['vfio_pci_core_feature_dma_buf', fn('device-export', 'vdev', 'ret')],
  ['vfio_pci_dma_buf_map', fn('map', 'attach direction', 'sgt')],
  ['vfio_pci_dma_buf_unmap', fn('unmap', 'attach sgt')],
  ['vfio_pci_dma_buf_release', fn('release', 'dmabuf')],
  ['vfio_pci_zap_and_down_write_memory_lock', fn('zap', 'vdev')],
  ['vfio_pci_mmap_huge_fault', fn('cpu-fault', '', 'ret')],
  ['vfio_pci_mmap_page_fault', fn('cpu-fault', '', 'ret')],
  ['vfio_pci_mmap_fault', fn('cpu-fault', '', 'ret')],
  // drivers/pci/pci.c
  ['pci_try_reset_function', fn('reset', 'devicePtr', 'ret')],
  ['pci_reset_function', fn('reset', 'devicePtr', 'ret')],
  ['pci_reset_function_locked', fn('reset', 'devicePtr', 'ret')],
  ['__pci_reset_function_locked', fn('reset', 'devicePtr', 'ret')],
  ['pci_reset_bus', fn('reset', 'devicePtr', 'ret')],
  ['__pci_reset_bus', fn('reset', '', 'ret')],
  ['pci_bridge_secondary_bus_reset', fn('reset', 'devicePtr', 'ret')],
  ['pcie_flr', fn('reset', 'devicePtr', 'ret')],
  ['pcie_reset_flr', fn('reset', 'devicePtr', 'ret')],
  ['pci_af_flr', fn('reset', 'devicePtr', 'ret')],
  ['pci_pm_reset', fn('reset', 'devicePtr', 'ret')],
  ['pci_dev_save_and_disable', fn('reset', 'devicePtr')],
  ['pci_dev_restore', fn('reset', 'devicePtr')],
  ['pci_set_power_state', fn('power', 'devicePtr state', 'ret')],
  // drivers/iommu/iommufd/pages.c
  ['iopt_revoke_notify', fn('importer-callback', 'attach')],
  ['vfio_pci_dma_buf_iommufd_map', fn('revocable-test', 'attach', 'ret')],
  // importers' callbacks, KERNEL.md §2.1
  ['virtgpu_dma_buf_move_notify', fn('importer-callback', 'attach')],
  ['amdgpu_dma_buf_move_notify', fn('importer-callback', 'attach')],
  ['xe_dma_buf_move_notify', fn('importer-callback', 'attach')],
  ['mlx5_ib_dmabuf_invalidate_cb', fn('importer-callback', 'attach')],
  ['ib_umem_dmabuf_revoke_locked', fn('importer-callback', 'attach')],
  ['ib_umem_dmabuf_unsupported_move_notify', fn('importer-callback', 'attach')],
])

/**
 * Probes of the recording recipe keep their meaning even where the function they sit on is unknown, as on another
 * driver's own reset (CONTRACT §5.3).
 */
export const RECIPE_NAMES: ReadonlyMap<string, { fn: string; point: 'entry' | 'return' | 'event' }> = new Map([
  ['dbuf_attached', { fn: 'dma_buf_dynamic_attach', point: 'event' }],
  ['dbuf_attach_ret', { fn: 'dma_buf_dynamic_attach', point: 'return' }],
  ['dbuf_detach', { fn: 'dma_buf_detach', point: 'entry' }],
  ['dbuf_map', { fn: 'dma_buf_map_attachment', point: 'return' }],
  ['dbuf_unmap', { fn: 'dma_buf_unmap_attachment', point: 'entry' }],
  ['dbuf_unmap_ret', { fn: 'dma_buf_unmap_attachment', point: 'return' }],
  ['dbuf_pin', { fn: 'dma_buf_pin', point: 'return' }],
  ['dbuf_unpin', { fn: 'dma_buf_unpin', point: 'entry' }],
  ['dbuf_inval', { fn: 'dma_buf_invalidate_mappings', point: 'entry' }],
  ['dbuf_inval_ret', { fn: 'dma_buf_invalidate_mappings', point: 'return' }],
  ['dbuf_export', { fn: 'dma_buf_export', point: 'return' }],
  ['dbuf_release', { fn: 'dma_buf_file_release', point: 'entry' }],
  ['dbuf_final', { fn: 'dma_buf_release', point: 'entry' }],
  ['dbuf_resv_wait', { fn: 'dma_resv_wait_timeout', point: 'entry' }],
  ['dbuf_resv_wait_ret', { fn: 'dma_resv_wait_timeout', point: 'return' }],
  ['dbuf_resv_add', { fn: 'dma_resv_add_fence', point: 'entry' }],
  ['vfiodb_move', { fn: 'vfio_pci_dma_buf_move', point: 'entry' }],
  ['vfiodb_move_ret', { fn: 'vfio_pci_dma_buf_move', point: 'return' }],
  ['vfiodb_cleanup', { fn: 'vfio_pci_dma_buf_cleanup', point: 'entry' }],
  ['vfiodb_cleanup_ret', { fn: 'vfio_pci_dma_buf_cleanup', point: 'return' }],
  ['vfiodb_feature', { fn: 'vfio_pci_core_feature_dma_buf', point: 'return' }],
  ['pcirst_try', { fn: 'pci_try_reset_function', point: 'entry' }],
  ['pcirst_try_ret', { fn: 'pci_try_reset_function', point: 'return' }],
  ['pcirst_fn', { fn: 'pci_reset_function', point: 'entry' }],
  ['pcirst_fn_ret', { fn: 'pci_reset_function', point: 'return' }],
  ['pcirst_flr', { fn: 'pcie_flr', point: 'entry' }],
  ['pcirst_flr_ret', { fn: 'pcie_flr', point: 'return' }],
  ['pcirst_bus', { fn: 'pci_reset_bus', point: 'entry' }],
  ['pcirst_bus_ret', { fn: 'pci_reset_bus', point: 'return' }],
  ['pcirst_disable', { fn: 'pci_dev_save_and_disable', point: 'entry' }],
  ['pcirst_restore', { fn: 'pci_dev_restore', point: 'entry' }],
])

export const RECIPE_PREFIX = /^(?:dbuf|vfiodb|pcirst)_/

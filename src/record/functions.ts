/** Signatures of the probed functions: parameters in order, with the structure that each points to; null for a number. */
export interface Signature {
  parameters: readonly (readonly [name: string, struct: string | null])[]
  /** What the return value points to. */
  returns: string | null
  /** Module that has to be loaded before it can be probed; null in the kernel itself, or where it may be either. */
  module?: 'vfio_pci_core'
}

const dmabuf = ['dmabuf', 'dma_buf'] as const
const attach = ['attach', 'dma_buf_attachment'] as const
const dev = ['dev', 'pci_dev'] as const
const vdev = ['vdev', 'vfio_pci_core_device'] as const

const fn = (parameters: Signature['parameters'], returns: string | null = null): Signature => ({ parameters, returns })
const vfio = (parameters: Signature['parameters']): Signature => ({ ...fn(parameters), module: 'vfio_pci_core' })

/** include/linux/dma-buf.h, dma-resv.h, pci.h and drivers/vfio/pci/vfio_pci_priv.h; the same from 6.1 to 7.3. */
export const SIGNATURES: Readonly<Record<string, Signature>> = {
  dma_buf_export: fn([['exp_info', 'dma_buf_export_info']], 'dma_buf'),
  dma_buf_dynamic_attach: fn(
    [dmabuf, ['dev', 'device'], ['importer_ops', 'dma_buf_attach_ops'], ['importer_priv', null]],
    'dma_buf_attachment',
  ),
  dma_buf_detach: fn([dmabuf, attach]),
  dma_buf_pin: fn([attach]),
  dma_buf_unpin: fn([attach]),
  dma_buf_map_attachment: fn([attach, ['direction', null]], 'sg_table'),
  dma_buf_unmap_attachment: fn([attach, ['sg_table', 'sg_table'], ['direction', null]]),
  dma_buf_invalidate_mappings: fn([dmabuf]),
  dma_buf_move_notify: fn([dmabuf]),
  dma_buf_file_release: fn([
    ['inode', 'inode'],
    ['file', 'file'],
  ]),
  dma_resv_wait_timeout: fn([
    ['obj', 'dma_resv'],
    ['usage', null],
    ['intr', null],
    ['timeout', null],
  ]),
  dma_resv_add_fence: fn([
    ['obj', 'dma_resv'],
    ['fence', 'dma_fence'],
    ['usage', null],
  ]),
  vfio_pci_dma_buf_move: vfio([vdev, ['revoked', null]]),
  vfio_pci_dma_buf_cleanup: vfio([vdev]),
  vfio_pci_core_feature_dma_buf: vfio([vdev, ['flags', null], ['arg', null], ['argsz', null]]),
  pci_try_reset_function: fn([dev]),
  pci_reset_function: fn([dev]),
  pcie_flr: fn([dev]),
  pci_reset_bus: fn([['pdev', 'pci_dev']]),
  pci_dev_save_and_disable: fn([dev]),
  pci_dev_restore: fn([dev]),
}

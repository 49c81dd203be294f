import { probe, type Vocabulary } from './probe.ts'

const p = (definition: string) => probe('p', definition)

/** Somebody's own fprobes with BTF arguments: other names, entries as well as returns, devices by address. */
export const BTF: Vocabulary = {
  'dma_buf_export%return': p('db_export dmabuf={dmabuf} ino={ino} exp="{exporter}" size={size} resv={resv}'),
  dma_buf_dynamic_attach: p(
    'db_attach dmabuf={dmabuf} ino={ino} exp="{exporter}" dev="{device}" importer_ops={ops} p2p={p2p} inval={callback} importer_priv=0xff2b149280001000',
  ),
  'dma_buf_dynamic_attach%return': p('db_attach_ret dmabuf={dmabuf} attach={ret} ops={ops}'),
  dma_buf_detach: p('db_detach dmabuf={dmabuf} attach={attach} ino={ino} dev="{device}"'),
  dma_buf_pin: p('db_pin attach={attach} dmabuf={dmabuf}'),
  'dma_buf_pin%return': p('db_pin_ret attach={attach} ret={ret}'),
  dma_buf_unpin: p('db_unpin attach={attach} dmabuf={dmabuf}'),
  dma_buf_map_attachment: p('db_map attach={attach} dmabuf={dmabuf} ino={ino} dev="{device}" dir={direction}'),
  'dma_buf_map_attachment%return': p(
    'db_map_ret attach={attach} sgt={sgt} err={err} dma={iova} len={length} nents={nents}',
  ),
  dma_buf_unmap_attachment: p(
    'db_unmap attach={attach} sgt={sgt} dmabuf={dmabuf} ino={ino} dev="{device}" dir={direction}',
  ),
  'dma_buf_unmap_attachment%return': p('db_unmap_ret attach={attach} sgt={sgt}'),
  dma_buf_invalidate_mappings: p('db_invalidate dmabuf={dmabuf} ino={ino} exp="{exporter}"'),
  'dma_buf_invalidate_mappings%return': p('db_invalidate_ret dmabuf={dmabuf}'),
  dma_buf_move_notify: p('db_invalidate dmabuf={dmabuf} ino={ino} exp="{exporter}"'),
  'dma_buf_move_notify%return': p('db_invalidate_ret dmabuf={dmabuf}'),
  dma_buf_file_release: p('db_file_release ino={ino}'),
  dma_buf_release: p('db_release dmabuf={dmabuf}'),
  dma_resv_wait_timeout: p('db_wait resv={resv} usage={usage}'),
  'dma_resv_wait_timeout%return': p('db_wait_ret resv={resv} usage={usage} ret={ret}'),
  dma_resv_add_fence: p('db_add_fence resv={resv} usage={usage} ctx={context} seqno={seqno}'),
  vfio_pci_dma_buf_move: p('vfio_move vdev={vdev} bdf="{device}" revoked={revoked}'),
  'vfio_pci_dma_buf_move%return': p('vfio_move_ret vdev={vdev} revoked=0x{revoked}'),
  vfio_pci_dma_buf_cleanup: p('vfio_cleanup vdev={vdev} bdf="{device}"'),
  vfio_pci_core_close_device: p('vfio_close vdev={vdev}'),
  'vfio_pci_core_feature_dma_buf%return': p('vfio_feature_dma_buf vdev={vdev} ret={ret}'),
  pci_try_reset_function: p('pci_try_reset bdf="{device}"'),
  'pci_try_reset_function%return': p('pci_try_reset_ret ret={ret}'),
  pci_reset_function: p('pci_reset_fn bdf="{device}"'),
  'pci_reset_function%return': p('pci_reset_fn_ret ret={ret}'),
  pcie_flr: p('pcie_flr bdf="{device}"'),
  'pcie_flr%return': p('pcie_flr_ret ret={ret}'),
  pci_af_flr: p('pci_af_flr bdf="{device}"'),
  pci_pm_reset: p('pci_pm_reset bdf="{device}"'),
  pci_bridge_secondary_bus_reset: p('pci_sbr bdf="{device}"'),
  pci_reset_bus: p('pci_reset_bus bdf="{device}"'),
  'pci_reset_bus%return': p('pci_reset_bus_ret ret={ret}'),
  pci_dev_save_and_disable: p('pci_disable bdf="{device}"'),
  // A driver's own reset is known by the prefix of the recipe alone.
  dbt_hw_reset: probe('pcirst', 'pcirst_dbt dev={devicePointer} ms={ms}'),
  'dbt_hw_reset%return': probe('pcirst', 'pcirst_dbt_ret '),
}

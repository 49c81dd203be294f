import { probe, type Vocabulary } from './probe.ts'

const dbuf = (definition: string) => probe('dbuf', definition)
const vfiodb = (definition: string) => probe('vfiodb', definition)
const pcirst = (definition: string) => probe('pcirst', definition)

const FOREVER = '9223372036854775807'

/** The recommended set (KERNEL.md §4.2), as Linux 7.3 prints it. */
export const RECIPE: Vocabulary = {
  __probestub_dma_buf_dynamic_attach: dbuf(
    'dbuf_attached ino={ino} dmabuf={dmabuf} attach={attach} dev="{device}" dyn={dynamic} p2p={p2p} ops={ops} opsym={opsSymbol} inv={callback}',
  ),
  'dma_buf_dynamic_attach%return': dbuf(
    'dbuf_attach_ret ino={ino} exp="{exporter}" dmabuf={dmabuf} dev="{device}" ops={ops} ret={ret}',
  ),
  dma_buf_detach: dbuf('dbuf_detach ino={ino} attach={attach} dev="{device}"'),
  'dma_buf_map_attachment%return': dbuf(
    'dbuf_map ino={ino} attach={attach} dev="{device}" dir={direction} sgt={sgt} nents={nents} iova={iova} len={length}',
  ),
  dma_buf_unmap_attachment: dbuf('dbuf_unmap ino={ino} attach={attach} dev="{device}" sgt={sgt}'),
  'dma_buf_unmap_attachment%return': dbuf('dbuf_unmap_ret ino={ino} attach={attach} sgt={sgt}'),
  'dma_buf_pin%return': dbuf('dbuf_pin ino={ino} attach={attach} ret={ret}'),
  dma_buf_unpin: dbuf('dbuf_unpin ino={ino} attach={attach}'),
  dma_buf_invalidate_mappings: dbuf('dbuf_inval ino={ino} exp="{exporter}" dmabuf={dmabuf}'),
  'dma_buf_invalidate_mappings%return': dbuf('dbuf_inval_ret ino={ino} dmabuf={dmabuf}'),
  dma_buf_move_notify: dbuf('dbuf_inval ino={ino} exp="{exporter}" dmabuf={dmabuf}'),
  'dma_buf_move_notify%return': dbuf('dbuf_inval_ret ino={ino} dmabuf={dmabuf}'),
  'dma_buf_export%return': dbuf('dbuf_export ino={ino} exp="{exporter}" size={size} dmabuf={dmabuf} resv={resv}'),
  dma_buf_file_release: dbuf('dbuf_release ino={ino} dmabuf={dmabuf}'),
  dma_buf_release: dbuf('dbuf_final dmabuf={dmabuf} ino={ino}'),
  dma_resv_wait_timeout: dbuf(`dbuf_resv_wait resv={resv} usage={usage} intr={interruptible} timeout=${FOREVER}`),
  'dma_resv_wait_timeout%return': dbuf('dbuf_resv_wait_ret resv={resv} usage={usage} ret={ret}'),
  dma_resv_add_fence: dbuf('dbuf_resv_add resv={resv} usage={usage} ctx={context} seqno={seqno}'),
  vfio_pci_dma_buf_move: vfiodb('vfiodb_move dev="{device}" revoked={revoked}'),
  'vfio_pci_dma_buf_move%return': vfiodb('vfiodb_move_ret dev="{device}" revoked={revoked}'),
  vfio_pci_dma_buf_cleanup: vfiodb('vfiodb_cleanup dev="{device}"'),
  'vfio_pci_dma_buf_cleanup%return': vfiodb('vfiodb_cleanup_ret dev="{device}"'),
  'vfio_pci_core_feature_dma_buf%return': vfiodb('vfiodb_feature dev="{device}" fd={ret}'),
  pci_try_reset_function: pcirst('pcirst_try dev="{device}"'),
  'pci_try_reset_function%return': pcirst('pcirst_try_ret dev="{device}" ret={ret}'),
  pci_reset_function: pcirst('pcirst_fn dev="{device}"'),
  'pci_reset_function%return': pcirst('pcirst_fn_ret dev="{device}" ret={ret}'),
  pcie_flr: pcirst('pcirst_flr dev="{device}"'),
  'pcie_flr%return': pcirst('pcirst_flr_ret dev="{device}" ret={ret}'),
  pci_af_flr: pcirst('pcirst_af dev="{device}"'),
  pci_pm_reset: pcirst('pcirst_pm dev="{device}"'),
  pci_bridge_secondary_bus_reset: pcirst('pcirst_sbr dev="{device}"'),
  'pci_bridge_secondary_bus_reset%return': pcirst('pcirst_sbr_ret dev="{device}" ret={ret}'),
  pci_reset_bus: pcirst('pcirst_bus dev="{device}"'),
  'pci_reset_bus%return': pcirst('pcirst_bus_ret dev="{device}" ret={ret}'),
  pci_dev_save_and_disable: pcirst('pcirst_disable dev="{device}"'),
  pci_dev_restore: pcirst('pcirst_restore dev="{device}"'),
  dbt_hw_reset: pcirst('pcirst_dbt dev={devicePointer} ms={ms}'),
  'dbt_hw_reset%return': probe('pcirst', 'pcirst_dbt_ret '),
}

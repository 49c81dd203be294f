import { type Template, template } from './template.ts'

/** A dynamic event: what a user called it, and what it prints behind the head. */
export interface Probe {
  group: string
  event: string
  fields: Template
}

/** Points of kernel functions, `fn` for the entry and `fn%return`, with the probes that sit on them. */
export type Vocabulary = Readonly<Record<string, Probe>>

/** `dbuf_inval ino={ino}`: the first word is the name. */
export function probe(group: string, definition: string): Probe {
  const at = definition.indexOf(' ')
  return { group, event: definition.slice(0, at), fields: template(definition.slice(at + 1)) }
}

/** Where in a function its probe is, and how long the function is, as `%pS` prints it. */
const HEADS: Readonly<Record<string, string>> = {
  __probestub_dma_buf_dynamic_attach: '+0x4/0x10',
  dma_buf_dynamic_attach: '+0x4/0x1a0',
  dma_buf_detach: '+0x4/0x110',
  dma_buf_map_attachment: '+0x4/0x120',
  dma_buf_unmap_attachment: '+0x4/0x80',
  dma_buf_pin: '+0x4/0x30',
  dma_buf_unpin: '+0x4/0x30',
  dma_buf_invalidate_mappings: '+0x4/0x50',
  dma_buf_move_notify: '+0x4/0x50',
  dma_buf_file_release: '+0x4/0x80',
  dma_buf_release: '+0x4/0x90',
  dma_resv_wait_timeout: '+0x4/0x1d0',
  dma_resv_add_fence: '+0x4/0x220',
  vfio_pci_dma_buf_move: '+0x4/0x190',
  vfio_pci_dma_buf_cleanup: '+0x4/0xce',
  vfio_pci_core_close_device: '+0x4/0xe0',
  pcie_flr: '+0x4/0x130',
  pci_dev_save_and_disable: '+0x0/0xb0',
  pci_dev_restore: '+0x0/0x60',
  pci_af_flr: '+0x4/0x150',
  pci_pm_reset: '+0x4/0x120',
  pci_reset_bus: '+0x4/0x40',
  pci_bridge_secondary_bus_reset: '+0x4/0x60',
  dbt_hw_reset: '+0x4/0x20',
}

/** `(fn+0x4/0x90 [module])` of an entry, `(caller+0x1/0x2 <- fn)` of a return: trace_probe.c, trace_fprobe.c. */
export function head(fn: string, module: string | undefined, caller: string | undefined): string {
  if (caller !== undefined) return `(${caller} <- ${fn})`
  return `(${fn}${HEADS[fn] ?? '+0x4/0x90'}${module === undefined ? '' : ` [${module}]`})`
}

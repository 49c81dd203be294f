/** Where the members of kernel structures lie: what a kprobe has to be told in numbers. */
export interface Member {
  /** Bytes from the beginning of the structure. */
  offset: number
  /** The structure it points to or embeds; null for numbers, strings and functions. */
  struct: string | null
}

export interface StructLayout {
  /** Whose layout it is, for the comment of a recipe. */
  source: string
  /** Measured on the kernel that is to be recorded, instead of on one like it. */
  exact: boolean
  member(struct: string, name: string): Member | null
}

/** The structure that each member leads to; the same in all kernels from 6.1 on. */
const LEADS_TO: Readonly<Record<string, string>> = {
  'dma_buf.file': 'file',
  'file.f_inode': 'inode',
  'dma_buf_attachment.dmabuf': 'dma_buf',
  'dma_buf_attachment.dev': 'device',
  'dma_buf_attachment.importer_ops': 'dma_buf_attach_ops',
  'device.kobj': 'kobject',
  'pci_dev.dev': 'device',
  'vfio_pci_core_device.pdev': 'pci_dev',
  'sg_table.sgl': 'scatterlist',
}

/** No configuration of the kernel moves these. */
const EVERYWHERE: Readonly<Record<string, number>> = {
  'dma_buf.size': 0,
  'dma_buf.file': 8,
  'dma_buf_attachment.dmabuf': 0,
  'dma_buf_attachment.dev': 8,
  'dma_buf_attach_ops.allow_peer2peer': 0,
  'dma_buf_attach_ops.invalidate_mappings': 8,
  'dma_buf_attach_ops.move_notify': 8,
  'dma_buf_export_info.exp_name': 0,
  'dma_buf_export_info.size': 24,
  'device.kobj': 0,
  'kobject.name': 0,
  'sg_table.sgl': 0,
  'sg_table.nents': 8,
  'scatterlist.dma_address': 16,
  'scatterlist.dma_length': 24,
  'dma_fence.context': 32,
  'dma_fence.seqno': 40,
}

/** Measured on distributions' builds for amd64; the newest first. */
const MEASURED: readonly { build: string; from: [number, number]; offsets: Readonly<Record<string, number>> }[] = [
  {
    build: '7.3.4 (Debian, amd64)',
    from: [7, 0],
    offsets: {
      'dma_buf.exp_name': 64,
      'dma_buf.resv': 120,
      'dma_buf_attachment.peer2peer': 32,
      'dma_buf_attachment.importer_ops': 40,
      'file.private_data': 24,
      'file.f_inode': 32,
      'inode.i_ino': 64,
      'pci_dev.dev': 208,
      'vfio_pci_core_device.pdev': 992,
    },
  },
  {
    build: '6.12.95 (Debian, amd64)',
    from: [6, 7],
    offsets: { 'dma_buf.exp_name': 64, 'file.f_inode': 40, 'inode.i_ino': 64, 'pci_dev.dev': 200 },
  },
  {
    build: '6.1.192 (Debian, amd64)',
    from: [0, 0],
    offsets: { 'dma_buf.exp_name': 96, 'file.f_inode': 32, 'inode.i_ino': 64, 'pci_dev.dev': 208 },
  },
]

/** The layout of the measured build nearest to a kernel; members that were not measured are null. */
export function measuredLayout({ major, minor }: { major: number; minor: number }): StructLayout {
  const { build, offsets } = MEASURED.find(({ from }) => major > from[0] || (major === from[0] && minor >= from[1]))!
  return {
    source: build,
    exact: false,
    member(struct, name) {
      const key = `${struct}.${name}`
      const offset = offsets[key] ?? EVERYWHERE[key]
      return offset === undefined ? null : { offset, struct: LEADS_TO[key] ?? null }
    },
  }
}

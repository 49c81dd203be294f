/** Where a step of a hand-written trace happens. */
export interface Where {
  pid?: number
  cpu?: number
  comm?: string
}

/** One attachment of a hand-written trace, and the mapping through it. Pointers may be shared between several. */
export interface Importer {
  ino: number
  attach: string
  dev: string
  sgt: string
  iova: string
  len?: number
}

export const EXPORTER = '0000:01:00.0'
export const importer = (of: Partial<Importer> = {}): Importer => ({
  ino: 7,
  attach: '0xffff888000000100',
  dev: '0000:00:04.0',
  sgt: '0xffff888000000200',
  iova: '0xfff00000',
  ...of,
})

const DYNAMIC = 'ops=0xffffffffc0000010 opsym=o_sync+0x0/0x10 [imp] inv=imp_inval+0x0/0x30 [imp]'
const LEGACY = 'ops=0x0 opsym=0x0 inv=0x3a30303a30303030'
const PINNED = 'ops=0xffffffffc0000020 opsym=o_noinv+0x0/0x10 [imp] inv=0x0'
const CLASSES = { dynamic: DYNAMIC, legacy: LEGACY, pinned: PINNED }

/** Writes kernel `trace` text, one microsecond a line unless time is said to pass. Steps are the probes of the recipe. */
export class TraceText {
  private readonly lines: string[] = ['# tracer: nop', '#']
  private us = 100_000_000
  private place: Required<Where> = { pid: 500, cpu: 0, comm: 'tool' }

  /** Lets time pass. */
  wait(ms: number): this {
    this.us += ms * 1000
    return this
  }

  /** The steps that follow are done by this task. */
  by(where: Where): this {
    this.place = { ...this.place, ...where }
    return this
  }

  raw(line: string): this {
    this.lines.push(line)
    return this
  }

  event(name: string, payload: string): this {
    const { comm, pid, cpu } = this.place
    const time = `${Math.floor(this.us / 1e6)}.${String(this.us % 1_000_000).padStart(6, '0')}`
    this.us++
    const task = `${comm.padStart(16)}-${String(pid).padEnd(7)}`
    return this.raw(`${task} [${String(cpu).padStart(3, '0')}] ...1. ${time.padStart(12)}: ${name}: ${payload}`)
  }

  exports(ino = 7, device = EXPORTER): this {
    const dmabuf = `0xffff8880000${String(ino).padStart(5, '0')}`
    return this.event(
      'dbuf_export',
      `(vfio_pci_core_feature_dma_buf+0x2a2/0x420 [vfio_pci_core] <- dma_buf_export) ino=${ino} exp="vfio_pci_core" size=16384 dmabuf=${dmabuf} resv=${resv(ino)}`,
    ).event(
      'vfiodb_feature',
      `(vfio_device_fops_unl_ioctl+0x4ac/0x990 [vfio] <- vfio_pci_core_feature_dma_buf) dev="${device}" fd=9`,
    )
  }

  attaches(of = importer(), kind: keyof typeof CLASSES = 'dynamic'): this {
    return this.event(
      'dbuf_attached',
      `(__probestub_dma_buf_dynamic_attach+0x4/0x10) ino=${of.ino} dmabuf=0xffff888000000300 attach=${of.attach} dev="${of.dev}" dyn=1 p2p=1 ${CLASSES[kind]}`,
    )
  }

  maps(of = importer()): this {
    return this.event(
      'dbuf_map',
      `(imp_map+0x47/0x80 [imp] <- dma_buf_map_attachment) ino=${of.ino} attach=${of.attach} dev="${of.dev}" dir=0 sgt=${of.sgt} nents=1 iova=${of.iova} len=${of.len ?? 16384}`,
    )
  }

  startsUnmap(of = importer()): this {
    return this.event(
      'dbuf_unmap',
      `(dma_buf_unmap_attachment+0x4/0x80) ino=${of.ino} attach=${of.attach} dev="${of.dev}" sgt=${of.sgt}`,
    )
  }

  unmaps(of = importer()): this {
    return this.startsUnmap(of).event(
      'dbuf_unmap_ret',
      `(imp_unmap+0x22/0x30 [imp] <- dma_buf_unmap_attachment) ino=${of.ino} attach=${of.attach} sgt=${of.sgt}`,
    )
  }

  detaches(of = importer()): this {
    return this.event('dbuf_detach', `(dma_buf_detach+0x4/0x110) ino=${of.ino} attach=${of.attach} dev="${of.dev}"`)
  }

  releases(ino = 7): this {
    return this.event('dbuf_release', `(dma_buf_file_release+0x4/0x80) ino=${ino} dmabuf=0xffff888000000300`)
  }

  /** `vfio_pci_dma_buf_move()` over these buffers; `inside` runs in the importers' callback of each. */
  moves(revoked: 0 | 1, inos: number[] = [7], inside: (trace: this) => void = () => {}, device = EXPORTER): this {
    this.event('vfiodb_move', `(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core]) dev="${device}" revoked=${revoked}`)
    for (const ino of inos) this.invalidates(ino, () => inside(this)).waitsForFences(ino)
    return this.event(
      'vfiodb_move_ret',
      `(vfio_pci_core_ioctl+0x60c/0xb80 [vfio_pci_core] <- vfio_pci_dma_buf_move) dev="${device}" revoked=${revoked}`,
    )
  }

  invalidates(ino = 7, inside: () => void = () => {}): this {
    this.event(
      'dbuf_inval',
      `(dma_buf_invalidate_mappings+0x4/0x50) ino=${ino} exp="vfio_pci_core" dmabuf=0xffff888000000300`,
    )
    inside()
    return this.event(
      'dbuf_inval_ret',
      `(vfio_pci_dma_buf_move+0x50/0x190 [vfio_pci_core] <- dma_buf_invalidate_mappings) ino=${ino} dmabuf=0xffff888000000300`,
    )
  }

  waitsForFences(ino = 7): this {
    return this.event(
      'dbuf_resv_wait',
      `(dma_resv_wait_timeout+0x4/0x1d0) resv=${resv(ino)} usage=3 intr=0 timeout=9223372036854775807`,
    ).event(
      'dbuf_resv_wait_ret',
      `(vfio_pci_dma_buf_move+0x66/0x190 [vfio_pci_core] <- dma_resv_wait_timeout) resv=${resv(ino)} usage=3 ret=9223372036854775807`,
    )
  }

  cleansUp(inos: number[] = [7], device = EXPORTER): this {
    return this.event('vfiodb_cleanup', `(vfio_pci_dma_buf_cleanup+0x4/0xce [vfio_pci_core]) dev="${device}"`)
      .moves(1, inos, () => {}, device)
      .event(
        'vfiodb_cleanup_ret',
        `(vfio_pci_core_close_device+0x67/0xe0 [vfio_pci_core] <- vfio_pci_dma_buf_cleanup) dev="${device}"`,
      )
  }

  /** `pci_try_reset_function()` by FLR; `inside` happens while the function is down. */
  resets(device = EXPORTER, ret = 0, inside: (trace: this) => void = () => {}): this {
    this.event('pcirst_try', `(pci_try_reset_function+0x4/0x90) dev="${device}"`)
    if (ret === 0) {
      this.event('pcirst_disable', `(pci_dev_save_and_disable+0x0/0xb0) dev="${device}"`)
      this.event('pcirst_flr', `(pcie_flr+0x4/0x130) dev="${device}"`).wait(100)
      inside(this)
      this.event('pcirst_flr_ret', `(__pci_reset_function_locked+0x61/0x120 <- pcie_flr) dev="${device}" ret=0`)
      this.event('pcirst_restore', `(pci_dev_restore+0x0/0x60) dev="${device}"`)
    }
    return this.event(
      'pcirst_try_ret',
      `(vfio_pci_core_ioctl+0x618/0xb80 [vfio_pci_core] <- pci_try_reset_function) dev="${device}" ret=${ret}`,
    )
  }

  faults(address: string, dev = '0000:00:04.0'): this {
    return this.event(
      'console',
      `DMAR: [DMA Write NO_PASID] Request device [${dev}] fault addr ${address} [fault reason 0x05] PTE Write access is not set`,
    )
  }

  loses(cpu: number, count: number | null = 1): this {
    return this.raw(count === null ? `CPU:${cpu} [LOST EVENTS]` : `CPU:${cpu} [LOST ${count} EVENTS]`)
  }

  toString(): string {
    return `${this.lines.join('\n')}\n`
  }
}

export const resv = (ino: number) => `0xffff8880001${String(ino).padStart(5, '0')}`

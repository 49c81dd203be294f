/**
 * Stories in the words of the recording recipe (KERNEL.md §4.2): each step prints the lines that the kernel prints for
 * it, in the kernel's order. A step that other steps happen inside takes them as its last arguments.
 */
import { all, console_, event, type Step } from './printer.ts'

export const EXPORTER = '0000:01:00.0'
export const IMPORTER = '0000:02:00.0'

export interface BufferName {
  ino?: number
  exporter?: string
  device?: string
}

export interface AttachmentName extends BufferName {
  attach?: number
  importer?: string
}

/** Importers by what the attach probe shows of their ops. */
const IMPORTERS = {
  legacy: { dynamic: 0, ops: '0x0', inv: '0x0', p2p: 150 },
  pinned: { dynamic: 1, ops: '0xffffffffc0100000', inv: '0x0', p2p: 1 },
  dynamic: { dynamic: 1, ops: '0xffffffffc0200000', inv: 'virtgpu_dma_buf_move_notify+0x0/0x60 [virtio_gpu]', p2p: 1 },
  unheard: { dynamic: 1, ops: '0xffffffffc0300000', inv: 'dbt_inv+0x0/0x50 [dbtest]', p2p: 1 },
  old: { dynamic: 1, ops: '0xffffffffc0400000', inv: 'ib_umem_dmabuf_unsupported_move_notify+0x0/0x10', p2p: 1 },
} as const
export type ImporterKind = keyof typeof IMPORTERS

const pointer = (kind: number, number: number) => `0xffff8881${kind}${String(number).padStart(6, '0')}0`
export const dmabufOf = ({ ino = 1 }: BufferName) => pointer(1, ino)
export const attachOf = ({ attach = 1 }: AttachmentName) => pointer(2, attach)
export const resvOf = ({ ino = 1 }: BufferName) => pointer(3, ino)
export const sgtOf = (sgt: number) => pointer(4, sgt)
const vfio = ({ exporter = 'vfio_pci_core' }: BufferName) => exporter === 'vfio_pci_core'

export const exported = (b: BufferName = {}): Step => {
  const { ino = 1, exporter = 'vfio_pci_core', device = EXPORTER } = b
  const caller = vfio(b) ? 'vfio_pci_core_feature_dma_buf+0x2a2/0x420 [vfio_pci_core]' : `make+0x20/0x40 [${exporter}]`
  return all(
    event('dma_buf_export', `exp_name=${exporter} size=16384 ino=${ino}`),
    event(
      'dbuf_export',
      `(${caller} <- dma_buf_export) ino=${ino} exp="${exporter}" size=16384 dmabuf=${dmabufOf(b)} resv=${resvOf(b)}`,
    ),
    ...(vfio(b)
      ? [
          event(
            'vfiodb_feature',
            `(vfio_device_fops_unl_ioctl+0x4ac/0x990 [vfio] <- vfio_pci_core_feature_dma_buf) dev="${device}" fd=9`,
          ),
        ]
      : []),
  )
}

export const attached = (kind: ImporterKind = 'dynamic', a: AttachmentName = {}): Step => {
  const { ino = 1, exporter = 'vfio_pci_core', importer = IMPORTER, attach = 1 } = a
  const { dynamic, ops, inv, p2p } = IMPORTERS[kind]
  const hashed = String(90000000 + attach).padStart(16, '0')
  return all(
    event(
      'dma_buf_dynamic_attach',
      `exp_name=${exporter} size=16384 ino=${ino} attachment:${hashed} is_dynamic=${dynamic} dev_name=${importer}`,
    ),
    event(
      'dbuf_attached',
      `(__probestub_dma_buf_dynamic_attach+0x4/0x10) ino=${ino} dmabuf=${dmabufOf(a)} attach=${attachOf(a)} dev="${importer}" dyn=${dynamic} p2p=${p2p} ops=${ops} opsym=o_x+0x0/0x10 [dbtest] inv=${inv}`,
    ),
    event(
      'dbuf_attach_ret',
      `(dbt_ioctl+0x214/0x73a [dbtest] <- dma_buf_dynamic_attach) ino=${ino} exp="${exporter}" dmabuf=${dmabufOf(a)} dev="${importer}" ops=${ops} ret=${attachOf(a)}`,
    ),
  )
}

/** An attach that the exporter refused: only its return shows. */
export const refused = (kind: ImporterKind, errno: number, a: AttachmentName = {}): Step => {
  const { ino = 1, exporter = 'vfio_pci_core', importer = IMPORTER } = a
  const ret = `0x${(2n ** 64n - BigInt(errno)).toString(16)}`
  return event(
    'dbuf_attach_ret',
    `(dbt_ioctl+0x214/0x73a [dbtest] <- dma_buf_dynamic_attach) ino=${ino} exp="${exporter}" dmabuf=${dmabufOf(a)} dev="${importer}" ops=${IMPORTERS[kind].ops} ret=${ret}`,
  )
}

export const detached = (a: AttachmentName = {}): Step => {
  const { ino = 1, importer = IMPORTER } = a
  return event('dbuf_detach', `(dma_buf_detach+0x4/0x110) ino=${ino} attach=${attachOf(a)} dev="${importer}"`)
}

export const pinned = (a: AttachmentName = {}, ret = 0): Step =>
  event('dbuf_pin', `(pin+0x9/0x20 [dbtest] <- dma_buf_pin) ino=${a.ino ?? 1} attach=${attachOf(a)} ret=${ret}`)

export const unpinned = (a: AttachmentName = {}): Step =>
  event('dbuf_unpin', `(dma_buf_unpin+0x4/0x30) ino=${a.ino ?? 1} attach=${attachOf(a)}`)

export interface MappingName extends AttachmentName {
  sgt?: number
  iova?: string
  nents?: number
  length?: number
}

export const mapped = (m: MappingName = {}): Step => {
  const { ino = 1, importer = IMPORTER, sgt = 1, iova = '0xffff0000', nents = 1, length = 16384 } = m
  return event(
    'dbuf_map',
    `(map_locked+0x47/0x80 [dbtest] <- dma_buf_map_attachment) ino=${ino} attach=${attachOf(m)} dev="${importer}" dir=0 sgt=${sgtOf(sgt)} nents=${nents} iova=${iova} len=${length}`,
  )
}

/** A failed map: an error pointer, and in the other fields what the failed dereference left. */
export const mapRefused = (m: MappingName = {}): Step =>
  event(
    'dbuf_map',
    `(map_locked+0x47/0x80 [dbtest] <- dma_buf_map_attachment) ino=${m.ino ?? 1} attach=${attachOf(m)} dev="${m.importer ?? IMPORTER}" dir=0 sgt=0xffffffffffffffed nents=1 iova=0xffff0000 len=16384`,
  )

export const unmapped = (m: MappingName = {}, ...inside: Step[]): Step => {
  const { ino = 1, importer = IMPORTER, sgt = 1 } = m
  const fields = `ino=${ino} attach=${attachOf(m)}`
  return all(
    event('dbuf_unmap', `(dma_buf_unmap_attachment+0x4/0x80) ${fields} dev="${importer}" sgt=${sgtOf(sgt)}`),
    ...inside,
    event('dbuf_unmap_ret', `(drop+0x26/0x50 [dbtest] <- dma_buf_unmap_attachment) ${fields} sgt=${sgtOf(sgt)}`),
  )
}

export const invalidated = (b: BufferName = {}, ...inside: Step[]): Step => {
  const { ino = 1, exporter = 'vfio_pci_core' } = b
  const caller = vfio(b) ? 'vfio_pci_dma_buf_move+0x50/0x190 [vfio_pci_core]' : `tell+0x2cb/0x73a [${exporter}]`
  return all(
    event('dbuf_inval', `(dma_buf_invalidate_mappings+0x4/0x50) ino=${ino} exp="${exporter}" dmabuf=${dmabufOf(b)}`),
    ...inside,
    event('dbuf_inval_ret', `(${caller} <- dma_buf_invalidate_mappings) ino=${ino} dmabuf=${dmabufOf(b)}`),
  )
}

/** The wait over all fences (`usage` 3), or over some of them. */
export const fencesAwaited = (b: BufferName = {}, usage = 3, ret = '9223372036854775807'): Step =>
  all(
    event(
      'dbuf_resv_wait',
      `(dma_resv_wait_timeout+0x4/0xa0) resv=${resvOf(b)} usage=${usage} intr=0 timeout=9223372036854775807`,
    ),
    event(
      'dbuf_resv_wait_ret',
      `(wait+0x1/0x2 [dbtest] <- dma_resv_wait_timeout) resv=${resvOf(b)} usage=${usage} ret=${ret}`,
    ),
  )

export const fenceAdded = (b: BufferName = {}, context = 7, seqno = 9): Step =>
  event('dbuf_resv_add', `(dma_resv_add_fence+0x4/0x1c0) resv=${resvOf(b)} usage=3 ctx=${context} seqno=${seqno}`)

export const fenceSignalled = (context = 7, seqno = 9): Step =>
  event('dma_fence_signaled', `driver=detached-driver timeline=signaled-timeline context=${context} seqno=${seqno}`)

const MOVERS = { ioctl: 'vfio_pci_core_ioctl+0x60c/0xb80', close: 'vfio_pci_dma_buf_cleanup+0x30/0xf0' } as const

/** The entry of `vfio_pci_dma_buf_move()` by itself; `flag` as it is printed. */
export const moveEntry = (flag: string): Step =>
  event('vfiodb_move', `(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core]) dev="${EXPORTER}" revoked=${flag}`)

/** Its return by itself, to any caller. */
export const moveReturn = (flag: string, caller = 'vfio_pci_core_ioctl'): Step =>
  event(
    'vfiodb_move_ret',
    `(${caller}+0x60/0xb80 [vfio_pci_core] <- vfio_pci_dma_buf_move) dev="${EXPORTER}" revoked=${flag}`,
  )

/** `vfio_pci_dma_buf_move()`, and what happens inside. */
export const move = (
  revoked: 0 | 1,
  device = EXPORTER,
  caller: keyof typeof MOVERS = 'ioctl',
  ...inside: Step[]
): Step =>
  all(
    event('vfiodb_move', `(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core]) dev="${device}" revoked=${revoked}`),
    ...inside,
    event(
      'vfiodb_move_ret',
      `(${MOVERS[caller]} [vfio_pci_core] <- vfio_pci_dma_buf_move) dev="${device}" revoked=${revoked}`,
    ),
  )

/** A whole revoke of one buffer; the importers' unmaps happen inside the invalidate. */
export const revoked = (b: BufferName = {}, ...inside: Step[]): Step =>
  move(1, b.device, 'ioctl', invalidated(b, ...inside), fencesAwaited(b))

export const restored = (b: BufferName = {}): Step => move(0, b.device, 'ioctl', invalidated(b), fencesAwaited(b))

export const released = (b: BufferName = {}): Step =>
  event('dbuf_release', `(dma_buf_file_release+0x4/0x80) ino=${b.ino ?? 1} dmabuf=${dmabufOf(b)}`)

/** The device's last close: everything is revoked for good. */
export const closed = (b: BufferName = {}, ...inside: Step[]): Step => {
  const { device = EXPORTER } = b
  return all(
    event('vfiodb_cleanup', `(vfio_pci_dma_buf_cleanup+0x4/0xf0 [vfio_pci_core]) dev="${device}"`),
    move(1, device, 'close', invalidated(b, ...inside), fencesAwaited(b)),
    event(
      'vfiodb_cleanup_ret',
      `(vfio_pci_core_close_device+0x1/0x2 [vfio_pci_core] <- vfio_pci_dma_buf_cleanup) dev="${device}"`,
    ),
  )
}

const RESETTERS = {
  ioctl: ['pci_try_reset_function', 'try', 'vfio_pci_core_ioctl+0x618/0xb80 [vfio_pci_core]'],
  open: ['pci_try_reset_function', 'try', 'vfio_pci_core_enable+0xad/0x5c0 [vfio_pci_core]'],
  sysfs: ['pci_reset_function', 'fn', 'reset_store+0x5a/0xa0'],
} as const

/** A function level reset, asked for by the ioctl, at open, or through sysfs. */
export const reset = (
  how: keyof typeof RESETTERS = 'ioctl',
  { device = EXPORTER, ret = 0 }: { device?: string; ret?: number } = {},
  ...inside: Step[]
): Step => {
  const [fn, short, caller] = RESETTERS[how]
  const dev = `dev="${device}"`
  const untouched = ret === -11 || ret === -25
  return all(
    event(`pcirst_${short}`, `(${fn}+0x4/0x90) ${dev}`),
    ...(untouched
      ? []
      : [
          event('pcirst_disable', `(pci_dev_save_and_disable+0x4/0x60) ${dev}`),
          console_(`vfio-pci ${device}: resetting`),
          event('pcirst_flr', `(pcie_flr+0x4/0x130) ${dev}`),
          ...inside,
          event('pcirst_flr_ret', `(__pci_reset_function_locked+0x61/0x120 <- pcie_flr) ${dev} ret=${ret}`),
          event('pcirst_restore', `(pci_dev_restore+0x0/0x60) ${dev}`),
          console_(`vfio-pci ${device}: reset done`),
        ]),
    event(`pcirst_${short}_ret`, `(${caller} <- ${fn}) ${dev} ret=${ret}`),
  )
}

/** A refused access, as the Intel IOMMU's driver says it in the kernel log. */
export const faulted = (address = '0xffff0000', device = IMPORTER, way: 'Read' | 'Write' = 'Write'): Step =>
  console_(
    `DMAR: [DMA ${way} NO_PASID] Request device [${device}] fault addr ${address} [fault reason 0x05] PTE ${way} access is not set`,
  )

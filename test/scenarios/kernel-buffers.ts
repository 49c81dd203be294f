/** What dma-buf core and the IOMMU print, in the words of each set of probes (KERNEL.md §4). */
import { as, IDLE, kernelLog, type Ledger, print } from './kernel-lines.ts'

export interface Buffer_ {
  ino: number
  exporter: string
  /** Owner, where it is a vfio device. */
  device: string | null
  size: number
  caller: string
}

export interface Importer {
  device: string
  /** Address of the ops; 0 for a static importer. */
  ops: string
  /** Symbol of the callback, null for none. */
  callback: string | null
  p2p: boolean
  /** Who calls dma_buf_dynamic_attach. */
  caller: string
  /** Who calls dma_buf_map_attachment. */
  mapper: string
}

export interface Attachment {
  buffer: Buffer_
  importer: Importer
  pointer: string
}

export interface Mapping {
  attachment: Attachment
  sgt: string
  iova: number
  length: number
}

const NAMES = {
  vfio: ['vfio_pci_core', 'vfio_pci_core_feature_dma_buf+0x2a2/0x420 [vfio_pci_core]'],
  dbtest: ['dbtest', 'dbt_ioctl+0x477/0x73a [dbtest]'],
  drm: ['drm', 'drm_gem_prime_handle_to_dmabuf+0x6e/0x180 [drm]'],
  uverbs: ['ib_uverbs', 'ib_uverbs_handler_UVERBS_METHOD_DMABUF_ALLOC+0x131/0x220 [ib_uverbs]'],
} as const

export function buffer(ino: number, kind: keyof typeof NAMES, device: string | null = null, size = 16384): Buffer_ {
  return { ino, exporter: NAMES[kind][0], device, size, caller: NAMES[kind][1] }
}

export const dmabuf = (b: Buffer_): string => `0xffff889ac60${(0xb0000 + b.ino * 0x200).toString(16)}`
export const resv = (b: Buffer_): string => `0xffff889ac60${(0xb0000 + b.ino * 0x200 + 0xe8).toString(16)}`
const vdevs = ['0000:01:00.0', '0000:01:00.1', '0000:03:00.0']
export const vdev = (device: string): string => `0xff2b149282${(vdevs.indexOf(device) + 1) * 0x1000 + 0x800}`

const native = (b: Buffer_): string => `exp_name=${b.exporter} size=${b.size} ino=${b.ino}`
/** Only the recipe turns `hash-ptr` off. */
const printed = (k: Ledger, pointer: string): string =>
  k.vocabulary === 'recipe'
    ? pointer.slice(2)
    : `00000000${((Number(`0x${pointer.slice(-8)}`) * 2654435761) >>> 0).toString(16).padStart(8, '0')}`
const hex = (n: number): string => `0x${n.toString(16)}`
const iova16 = (n: number): string => `0x${n.toString(16).padStart(16, '0')}`

export function exportBuffer(k: Ledger, b: Buffer_, fd = 9): void {
  print(k, 'dma_buf_export', native(b))
  if (k.vocabulary === 'recipe')
    print(
      k,
      'dbuf_export',
      `(${b.caller} <- dma_buf_export) ino=${b.ino} exp="${b.exporter}" size=${b.size} dmabuf=${dmabuf(b)} resv=${resv(b)}`,
    )
  if (k.vocabulary === 'btf')
    print(
      k,
      'db_export',
      `(${b.caller} <- dma_buf_export) dmabuf=${dmabuf(b)} ino=${b.ino} exp="${b.exporter}" size=${b.size}`,
    )
  if (k.vocabulary === 'raw')
    print(
      k,
      'dma_buf_export',
      `(${b.caller} <- dma_buf_export) dmabuf=${dmabuf(b)} ino=${b.ino} exp_name="${b.exporter}" size=${b.size}`,
    )
  print(k, 'dma_buf_fd', `${native(b)} fd=${fd}`)
  if (!b.device) return
  const head = '(vfio_device_fops_unl_ioctl+0x4ac/0x990 [vfio] <- vfio_pci_core_feature_dma_buf)'
  if (k.vocabulary === 'recipe') print(k, 'vfiodb_feature', `${head} dev="${b.device}" fd=${fd}`)
  if (k.vocabulary === 'btf') print(k, 'vfio_feature_dma_buf', `${head} vdev=${vdev(b.device)} ret=${fd}`)
}

function attachEntry(k: Ledger, { buffer: b, importer: i }: Attachment): void {
  const head = '(dma_buf_dynamic_attach+0x4/0x1a0)'
  const static_ = i.ops === '0x0'
  const callback = static_ ? '0x98011c7c801e2f00' : i.callback ? `${i.callback}+0x0/0x60 [mod]` : '0x0'
  if (k.vocabulary === 'btf')
    print(
      k,
      'db_attach',
      `${head} dmabuf=${dmabuf(b)} ino=${b.ino} exp="${b.exporter}" dev="${i.device}" importer_ops=${i.ops} p2p=${static_ ? 101 : Number(i.p2p)} inval=${callback} importer_priv=0xff2b149280001000`,
      '...2.',
    )
  if (k.vocabulary === 'raw')
    print(
      k,
      'dma_buf_dynamic_attach',
      `${head} dmabuf=${dmabuf(b)} ino=${b.ino} exp_name="${b.exporter}" dev="${i.device}" ops=${i.ops} p2p=${static_ ? 101 : Number(i.p2p)} invalidate=${callback} priv=0xff2b149280001000`,
    )
}

function attachReturn(k: Ledger, { buffer: b, importer: i }: Attachment, result: string): void {
  const head = `(${i.caller} <- dma_buf_dynamic_attach)`
  if (k.vocabulary === 'recipe')
    print(
      k,
      'dbuf_attach_ret',
      `${head} ino=${b.ino} exp="${b.exporter}" dmabuf=${dmabuf(b)} dev="${i.device}" ops=${i.ops} ret=${result}`,
    )
  if (k.vocabulary === 'btf')
    print(k, 'db_attach_ret', `${head} dmabuf=${dmabuf(b)} attach=${result} err=${BigInt.asIntN(64, BigInt(result))}`)
  if (k.vocabulary === 'raw') print(k, 'dma_buf_dynamic_attach_ret', `${head} attach=${result}`)
}

export function attach(k: Ledger, a: Attachment): void {
  const { buffer: b, importer: i, pointer } = a
  const dynamic = i.ops === '0x0' ? 0 : 1
  print(k, 'dma_buf_get', `${native(b)} fd=9`)
  attachEntry(k, a)
  print(
    k,
    'dma_buf_dynamic_attach',
    `${native(b)} attachment:${printed(k, pointer)} is_dynamic=${dynamic} dev_name=${i.device}`,
  )
  if (k.vocabulary === 'recipe')
    print(
      k,
      'dbuf_attached',
      `(__probestub_dma_buf_dynamic_attach+0x4/0x10) ino=${b.ino} dmabuf=${dmabuf(b)} attach=${pointer} dev="${i.device}" dyn=${dynamic} p2p=${dynamic ? Number(i.p2p) : 0} ops=${i.ops} opsym=${dynamic ? 'some_ops+0x0/0x20 [mod]' : '0x0'} inv=${i.callback ? `${i.callback}+0x0/0x60 [mod]` : '0x0'}`,
      '...2.',
    )
  attachReturn(k, a, pointer)
}

export function attachRefused(k: Ledger, a: Attachment, errno: number): void {
  print(k, 'dma_buf_get', `${native(a.buffer)} fd=9`)
  attachEntry(k, a)
  attachReturn(k, a, errorPointer(errno))
}

export const errorPointer = (errno: number): string => `0x${(2n ** 64n - BigInt(errno)).toString(16)}`

export function pin(k: Ledger, { buffer: b, pointer, importer }: Attachment, ret = 0): void {
  if (k.vocabulary === 'recipe')
    print(k, 'dbuf_pin', `(${importer.caller} <- dma_buf_pin) ino=${b.ino} attach=${pointer} ret=${ret}`)
  if (k.vocabulary === 'btf')
    print(k, 'db_pin', `(dma_buf_pin+0x4/0x30) attach=${pointer} dmabuf=${dmabuf(b)}`, '...2.')
  if (k.vocabulary === 'raw') print(k, 'dma_buf_pin', `(dma_buf_pin+0x4/0x30) attach=${pointer}`)
}

export function unpin(k: Ledger, { buffer: b, pointer }: Attachment): void {
  const head = '(dma_buf_unpin+0x4/0x30)'
  if (k.vocabulary === 'recipe') print(k, 'dbuf_unpin', `${head} ino=${b.ino} attach=${pointer}`)
  if (k.vocabulary === 'btf') print(k, 'db_unpin', `${head} attach=${pointer} dmabuf=${dmabuf(b)}`)
  if (k.vocabulary === 'raw') print(k, 'dma_buf_unpin', `${head} attach=${pointer}`)
}

function mapEntry(k: Ledger, { attachment: { buffer: b, importer: i, pointer } }: Mapping): void {
  const head = '(dma_buf_map_attachment+0x4/0x120)'
  if (k.vocabulary === 'btf')
    print(k, 'db_map', `${head} attach=${pointer} dmabuf=${dmabuf(b)} ino=${b.ino} dev="${i.device}" dir=0`, '...2.')
  if (k.vocabulary === 'raw')
    print(k, 'dma_buf_map_attachment', `${head} attach=${pointer} dmabuf=${dmabuf(b)} dev="${i.device}" dir=0`)
}

function mapReturn(k: Ledger, m: Mapping, sgt: string): void {
  const { buffer: b, importer: i, pointer } = m.attachment
  if (k.vocabulary === 'recipe')
    print(
      k,
      'dbuf_map',
      `(${i.mapper} <- dma_buf_map_attachment) ino=${b.ino} attach=${pointer} dev="${i.device}" dir=0 sgt=${sgt} nents=1 iova=${hex(m.iova)} len=${m.length}`,
    )
  if (k.vocabulary === 'btf')
    print(
      k,
      'db_map_ret',
      `(${i.mapper} <- dma_buf_map_attachment) attach=${pointer} sgt=${sgt} err=${BigInt.asIntN(64, BigInt(sgt))} dma=${hex(m.iova)} len=${m.length} nents=1`,
    )
  if (k.vocabulary === 'raw')
    print(k, 'dma_buf_map_attachment_ret', `(${i.mapper} <- dma_buf_map_attachment) sgt=${sgt} dma=${hex(m.iova)}`)
}

export function map(k: Ledger, m: Mapping): void {
  mapEntry(k, m)
  iommuMap(k, m.iova, m.length)
  mapReturn(k, m, m.sgt)
}

export function mapFailed(k: Ledger, m: Mapping, errno: number): void {
  mapEntry(k, m)
  mapReturn(k, m, errorPointer(errno))
}

export function iommuMap(k: Ledger, iova: number, length: number): void {
  print(
    k,
    'map',
    `IOMMU: iova=${iova16(iova)} - ${iova16(iova + length)} paddr=0x00000000fe200000 size=${length}`,
    '.....',
  )
}

export function iommuUnmap(k: Ledger, iova: number, length: number): void {
  const range = `iova=${iova16(iova)} - ${iova16(iova + length)}`
  print(k, 'unmap', `IOMMU: ${range} size=${length} unmapped_size=${length}`, '.....')
}

/** `inside` is what the exporter's unmap does, as a splat. */
export function unmap(k: Ledger, m: Mapping, caller = 'some_free+0xbe/0xd0 [mod]', inside?: () => void): void {
  const { buffer: b, importer: i, pointer } = m.attachment
  const head = '(dma_buf_unmap_attachment+0x4/0x80)'
  if (k.vocabulary === 'recipe')
    print(k, 'dbuf_unmap', `${head} ino=${b.ino} attach=${pointer} dev="${i.device}" sgt=${m.sgt}`, '...2.')
  if (k.vocabulary === 'btf')
    print(
      k,
      'db_unmap',
      `${head} attach=${pointer} sgt=${m.sgt} dmabuf=${dmabuf(b)} ino=${b.ino} dev="${i.device}" dir=0`,
    )
  if (k.vocabulary === 'raw') print(k, 'dma_buf_unmap_attachment', `${head} attach=${pointer} sgt=${m.sgt} dir=0`)
  iommuUnmap(k, m.iova, m.length)
  inside?.()
  if (k.vocabulary === 'recipe')
    print(k, 'dbuf_unmap_ret', `(${caller} <- dma_buf_unmap_attachment) ino=${b.ino} attach=${pointer} sgt=${m.sgt}`)
}

export function detach(k: Ledger, { buffer: b, importer: i, pointer }: Attachment): void {
  const head = '(dma_buf_detach+0x4/0x110)'
  if (k.vocabulary === 'recipe') print(k, 'dbuf_detach', `${head} ino=${b.ino} attach=${pointer} dev="${i.device}"`)
  if (k.vocabulary === 'btf')
    print(k, 'db_detach', `${head} dmabuf=${dmabuf(b)} attach=${pointer} ino=${b.ino} dev="${i.device}"`)
  if (k.vocabulary === 'raw') print(k, 'dma_buf_detach', `${head} dmabuf=${dmabuf(b)} attach=${pointer}`)
  print(
    k,
    'dma_buf_detach',
    `${native(b)} attachment:${printed(k, pointer)} is_dynamic=${i.ops === '0x0' ? 0 : 1} dev_name=${i.device}`,
  )
  print(k, 'dma_buf_put', native(b))
}

export function invalidate(k: Ledger, b: Buffer_, caller: string, inside?: () => void): void {
  const fn = k.legacyNames ? 'dma_buf_move_notify' : 'dma_buf_invalidate_mappings'
  if (k.vocabulary === 'recipe')
    print(k, 'dbuf_inval', `(${fn}+0x4/0x50) ino=${b.ino} exp="${b.exporter}" dmabuf=${dmabuf(b)}`, '...2.')
  if (k.vocabulary === 'btf')
    print(k, 'db_invalidate', `(${fn}+0x4/0x50) dmabuf=${dmabuf(b)} ino=${b.ino} exp="${b.exporter}"`, '...2.')
  if (k.vocabulary === 'raw') print(k, fn, `(${fn}+0x4/0x50) dmabuf=${dmabuf(b)} ino=${b.ino}`)
  inside?.()
  if (k.vocabulary === 'recipe') print(k, 'dbuf_inval_ret', `(${caller} <- ${fn}) ino=${b.ino} dmabuf=${dmabuf(b)}`)
  if (k.vocabulary === 'btf') print(k, 'db_invalidate_ret', `(${caller} <- ${fn}) dmabuf=${dmabuf(b)}`)
}

export interface Wait {
  usage?: number
  ret?: string
  intr?: number
  caller?: string
  inside?: () => void
}

/** Only the recipe probes waits. */
export function waitFences(k: Ledger, b: Buffer_, { usage = 3, ret = '9223372036854775807', ...how }: Wait = {}): void {
  const caller = how.caller ?? 'vfio_pci_dma_buf_move+0x66/0x190 [vfio_pci_core]'
  if (k.vocabulary === 'recipe')
    print(
      k,
      'dbuf_resv_wait',
      `(dma_resv_wait_timeout+0x4/0x1d0) resv=${resv(b)} usage=${usage} intr=${how.intr ?? 0} timeout=9223372036854775807`,
      '...2.',
    )
  how.inside?.()
  if (k.vocabulary === 'recipe')
    print(k, 'dbuf_resv_wait_ret', `(${caller} <- dma_resv_wait_timeout) resv=${resv(b)} usage=${usage} ret=${ret}`)
}

export function addFence(k: Ledger, b: Buffer_, context: number, seqno: number | bigint, usage = 3): void {
  const short = BigInt(seqno) % 2n ** 32n
  print(k, 'dma_fence_init', `driver=mod timeline=ring0 context=${context} seqno=${short}`, '.....')
  if (k.vocabulary === 'recipe')
    print(
      k,
      'dbuf_resv_add',
      `(dma_resv_add_fence+0x4/0x220) resv=${resv(b)} usage=${usage} ctx=${context} seqno=${seqno}`,
    )
}

export function signalFence(k: Ledger, context: number, seqno: number | bigint): void {
  const short = BigInt(seqno) % 2n ** 32n
  print(k, 'dma_fence_signaled', `driver=mod timeline=ring0 context=${context} seqno=${short}`, 'd..1.')
}

export function release(k: Ledger, b: Buffer_): void {
  const head = '(dma_buf_file_release+0x4/0x80)'
  if (k.vocabulary === 'recipe') {
    print(k, 'dbuf_release', `${head} ino=${b.ino} dmabuf=${dmabuf(b)}`)
    print(k, 'dbuf_final', `(dma_buf_release+0x4/0x90) dmabuf=${dmabuf(b)} ino=${b.ino}`)
  }
  if (k.vocabulary === 'btf') {
    print(k, 'db_file_release', `${head} ino=${b.ino}`)
    print(k, 'db_release', `(dma_buf_release+0x4/0x90) dmabuf=${dmabuf(b)}`)
  }
  if (k.vocabulary === 'raw') {
    print(k, 'dma_buf_file_release', `${head} ino=${b.ino}`)
    print(k, 'dma_buf_release', '(dma_buf_release+0x4/0x90) dentry=0xff1100010054dcc0')
  }
}

export function fault(k: Ledger, device: string, address: number, way: 'Read' | 'Write' = 'Write'): void {
  as(k, IDLE, () => {
    kernelLog(k, 'DMAR: DRHD: handling fault status reg 2', 'd.h2.')
    kernelLog(
      k,
      `DMAR: [DMA ${way} NO_PASID] Request device [${device}] fault addr ${hex(address)} [fault reason 0x0${way === 'Write' ? 5 : 6}] PTE ${way} access is not set`,
      'd.h1.',
    )
  })
}

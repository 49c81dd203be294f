/** Who takes part: devices, importers of every class, and what they hold. */
import type { Attachment, Buffer_, Importer, Mapping } from './kernel-buffers.ts'

export const NVME = '0000:01:00.0'
export const NVME_1 = '0000:01:00.1'
export const OTHER = '0000:03:00.0'
export const GPU = '0000:02:00.0'
export const EDU = '0000:00:04.0'

const importer = (device: string, ops: string, callback: string | null, caller: string, mapper: string): Importer => ({
  device,
  ops,
  callback,
  p2p: ops !== '0x0',
  caller,
  mapper,
})

export const virtgpu = importer(
  GPU,
  '0xffffffffc04788a0',
  'virtgpu_dma_buf_move_notify',
  'virtgpu_gem_prime_import+0xee/0x350 [virtio_gpu]',
  'virtgpu_dma_buf_import_sgt+0x4a/0x130 [virtio_gpu]',
)
export const xe = importer(
  '0000:05:00.0',
  '0xffffffffc0a788a0',
  'xe_dma_buf_move_notify',
  'xe_gem_prime_import+0x8e/0x1f0 [xe]',
  'xe_bo_move_dmabuf+0x6a/0x190 [xe]',
)
export const mlx5 = importer(
  '0000:06:00.0',
  '0xffffffffc0b788a0',
  'mlx5_ib_dmabuf_invalidate_cb',
  'ib_umem_dmabuf_get_with_dma_device+0xee/0x1f0 [ib_uverbs]',
  'ib_umem_dmabuf_map_pages+0x4a/0x130 [ib_uverbs]',
)
export const irdma = importer(
  '0000:07:00.0',
  '0xffffffffc0c788a0',
  'ib_umem_dmabuf_revoke_locked',
  'ib_umem_dmabuf_get_with_dma_device+0xee/0x1f0 [ib_uverbs]',
  'ib_umem_dmabuf_map_pages+0x4a/0x130 [ib_uverbs]',
)
export const efa = importer(
  '0000:08:00.0',
  '0xffffffffc0d788a0',
  null,
  'ib_umem_dmabuf_get_with_dma_device+0xee/0x1f0 [ib_uverbs]',
  'ib_umem_dmabuf_map_pages+0x4a/0x130 [ib_uverbs]',
)
export const legacy = importer(EDU, '0x0', null, 'dbt_ioctl+0x214/0x73a [dbtest]', 'map_locked+0x47/0x80 [dbtest]')
/** A module's own importer, known to no table. */
export const dbtest = (callback = 'dbt_inv_sync', device: string = EDU): Importer =>
  importer(device, '0xffffffffc048a230', callback, 'dbt_ioctl+0x214/0x73a [dbtest]', 'map_locked+0x47/0x80 [dbtest]')

export const attachment = (b: Buffer_, i: Importer, pointer = '0xffff889ac63c8300'): Attachment => ({
  buffer: b,
  importer: i,
  pointer,
})

export const mapping = (a: Attachment, iova = 0xffffc000, sgt = '0xffff889ac101a170'): Mapping => ({
  attachment: a,
  sgt,
  iova,
  length: a.buffer.size,
})

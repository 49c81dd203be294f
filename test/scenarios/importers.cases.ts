/** One importer of each kind, as its driver behaves (KERNEL.md §2.1), and what each exporter makes of it. */

import type { Case } from './case.ts'
import { attachment, dbtest, EDU, efa, GPU, irdma, legacy, mapping, mlx5, NVME, virtgpu, xe } from './cast.ts'
import * as b from './kernel-buffers.ts'
import { as, IDLE, KWORKER, kernelLog, type Ledger, print, wait } from './kernel-lines.ts'
import * as v from './kernel-vfio.ts'
import { begin, buf, end, obeying } from './vfio.cases.ts'

const R = ['recipe'] as const
const RB = ['recipe', 'btf'] as const

const xeMap = mapping(attachment(buf, xe))
const xeUnmap = (k: Ledger): void => b.unmap(k, xeMap, 'xe_bo_move_dmabuf+0x11a/0x190 [xe]')

const lateXe = (seconds: number): Case => ({
  name: `xe keeps its mapping ${seconds} s past the fences`,
  run: (k) => {
    begin(k, xeMap)
    v.revokeAndReset(k, NVME, 'ioctl', [
      {
        buffer: buf,
        waiting: () =>
          as(k, { comm: 'Xorg', pid: 900, cpu: 1 }, () => {
            wait(k, seconds)
            xeUnmap(k)
          }),
      },
    ])
    end(k, xeMap)
  },
  violated: [`late-unmap 11 ${xe.device}`],
  revocations: ['11 flr transient restored violated'],
})

export function hangs(k: Ledger, comm: string, pid: number): void {
  as(k, { comm: 'khungtaskd', pid: 33, cpu: 1 }, () => {
    print(k, 'sched_process_hang', `comm=${comm} pid=${pid}`)
    kernelLog(k, `INFO: task ${comm}:${pid} blocked for more than 120 seconds.`)
    kernelLog(k, '      Not tainted 7.3.4+deb13-amd64 #1')
    kernelLog(k, '"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.')
    kernelLog(k, 'task:tool            state:D stack:0     pid:200   tgid:200   ppid:1      flags:0x00004002')
    kernelLog(k, 'Call Trace:')
    kernelLog(k, ' <TASK>')
    kernelLog(k, ' __schedule+0x4a5/0xd40')
    kernelLog(k, ' wait_for_completion+0x8d/0x150')
    kernelLog(k, ' vfio_pci_dma_buf_move+0x9c/0x190 [vfio_pci_core]')
    kernelLog(k, ' </TASK>')
  })
}

const vram = b.buffer(21, 'drm')
const MOVER = 'amdgpu_bo_move_notify+0x9d/0x110 [amdgpu]'
const amdImporter = mapping(
  attachment(vram, { ...virtgpu, device: '0000:0a:00.0', callback: 'amdgpu_dma_buf_move_notify' }),
)

const rdma = b.buffer(31, 'uverbs')
const DESTROY = 'ib_uverbs_dmabuf_revoke+0x3c/0xa0 [ib_uverbs]'
const rdmaMap = mapping(attachment(rdma, mlx5))

export const importers: Case[] = [
  lateXe(5),
  lateXe(12),
  {
    name: 'xe lets go half a second late: in time',
    run: (k) => {
      begin(k, xeMap)
      v.revokeAndReset(k, NVME, 'ioctl', [
        {
          buffer: buf,
          waiting: () =>
            as(k, KWORKER, () => {
              wait(k, 0.5)
              xeUnmap(k)
            }),
        },
      ])
      end(k, xeMap)
    },
    revocations: ['11 flr transient restored clean'],
  },
  {
    name: 'xe never lets go, the reset hangs',
    run: (k) => {
      begin(k, xeMap)
      v.revoke(k, NVME, 'ioctl', [
        {
          buffer: buf,
          waiting: () => {
            wait(k, 121)
            hangs(k, 'tool', 200)
            // The task never comes back: what follows in its name is cut away below.
            k.lines.push('@')
          },
        },
      ])
      k.lines.splice(k.lines.indexOf('@'))
    },
    violated: [`late-unmap 11 ${xe.device}`],
  },
  {
    name: 'amdgpu moves a buffer four times, the importer follows',
    run: (k) => {
      b.exportBuffer(k, vram)
      b.attach(k, amdImporter.attachment)
      b.map(k, amdImporter)
      for (let n = 0; n < 4; n++) {
        wait(k, 0.5)
        print(k, 'amdgpu_bo_move', 'bo=00000000a1b2c3d4, from=2, to=1, size=16384')
        b.invalidate(k, vram, MOVER, () => b.unmap(k, amdImporter, 'ttm_bo_pipeline_gutting+0x3c/0x90 [ttm]'))
        b.map(k, amdImporter)
      }
      b.unmap(k, amdImporter)
      b.detach(k, amdImporter.attachment)
      b.release(k, vram)
    },
  },
  {
    name: 'amdgpu moves a buffer while the importer unmaps from its ghost a while later, after mapping anew',
    run: (k) => {
      const anew = { ...amdImporter, sgt: '0xffff889ac101b000', iova: 0xfff00000 }
      b.exportBuffer(k, vram)
      b.attach(k, amdImporter.attachment)
      b.map(k, amdImporter)
      b.addFence(k, vram, 5, 1)
      b.invalidate(k, vram, MOVER)
      b.map(k, anew)
      as(k, KWORKER, () => {
        wait(k, 0.05)
        b.signalFence(k, 5, 1)
        b.unmap(k, amdImporter, 'ttm_bo_delayed_delete+0x4c/0xd0 [ttm]')
      })
      b.unmap(k, anew)
      b.detach(k, amdImporter.attachment)
      b.release(k, vram)
    },
  },
  {
    name: 'a static importer on an exporter that only moves',
    run: (k) => {
      const m = mapping(attachment(vram, legacy))
      b.exportBuffer(k, vram)
      b.attach(k, m.attachment)
      b.map(k, m)
      wait(k, 3)
      b.unmap(k, m)
      b.detach(k, m.attachment)
      b.release(k, vram)
    },
  },
  {
    name: 'a callback-less pinned importer is refused by vfio',
    run: (k) => {
      v.open(k, NVME)
      b.exportBuffer(k, buf)
      b.attachRefused(k, attachment(buf, efa), 95)
      b.attachRefused(k, attachment(buf, legacy), 95)
      b.release(k, buf)
      v.close(k, NVME)
    },
  },
  {
    name: 'a callback-less pinned importer is accepted by vfio',
    run: (k) => {
      const m = mapping(attachment(buf, efa))
      v.open(k, NVME)
      b.exportBuffer(k, buf)
      b.attach(k, m.attachment)
      b.pin(k, m.attachment)
      b.map(k, m)
      wait(k, 1)
      b.unmap(k, m)
      b.unpin(k, m.attachment)
      b.detach(k, m.attachment)
      b.release(k, buf)
      v.close(k, NVME)
    },
    violated: [`non-revocable-importer 11 ${efa.device}`],
  },
  {
    name: 'irdma: unmapped and unpinned in the callback, never mapped again',
    run: (k) => {
      const m = mapping(attachment(buf, irdma))
      v.open(k, NVME)
      b.exportBuffer(k, buf)
      b.attach(k, m.attachment)
      b.pin(k, m.attachment)
      b.map(k, m)
      wait(k, 1)
      v.revokeAndReset(k, NVME, 'ioctl', [
        {
          buffer: buf,
          told: () => {
            b.unmap(k, m, 'ib_umem_dmabuf_revoke_locked+0x5a/0xb0 [ib_uverbs]')
            b.unpin(k, m.attachment)
          },
        },
      ])
      wait(k, 5)
      b.detach(k, m.attachment)
      b.release(k, buf)
      v.close(k, NVME)
    },
    revocations: ['11 flr transient restored clean'],
  },
  {
    name: 'mlx5 ODP: a page fault during the revoke gets -ENODEV, one after it maps again',
    run: (k) => {
      const m = mapping(attachment(buf, mlx5))
      const again = { ...m, iova: m.iova - 0x8000 }
      begin(k, m)
      v.revoke(k, NVME, 'ioctl', [obeying(k, m)])
      as(k, KWORKER, () => b.mapFailed(k, m, 19))
      v.resetFunction(k, NVME, 'ioctl', { inside: () => as(k, KWORKER, () => b.mapFailed(k, m, 19)) })
      v.restore(k, NVME, 'ioctl', [buf])
      wait(k, 0.01)
      as(k, KWORKER, () => b.map(k, again))
      wait(k, 1)
      end(k, again, true)
    },
    revocations: ['11 flr transient restored clean'],
  },
  {
    name: 'ib_uverbs destroys its object: revoked for good, unmapped in the callback',
    run: (k) => {
      b.exportBuffer(k, rdma)
      b.attach(k, rdmaMap.attachment)
      b.map(k, rdmaMap)
      wait(k, 1)
      b.invalidate(k, rdma, DESTROY, () => b.unmap(k, rdmaMap, 'mlx5_ib_dmabuf_invalidate_cb+0x3b/0x60 [mlx5_ib]'))
      b.waitFences(k, rdma, { caller: 'ib_uverbs_dmabuf_revoke+0x52/0xa0 [ib_uverbs]' })
      b.mapFailed(k, rdmaMap, 19)
      b.detach(k, rdmaMap.attachment)
      b.release(k, rdma)
    },
    revocations: ['31 destroy permanent gone clean'],
  },
  {
    name: 'ib_uverbs: a map succeeds after the destroy',
    run: (k) => {
      b.exportBuffer(k, rdma)
      b.attach(k, rdmaMap.attachment)
      b.map(k, rdmaMap)
      b.invalidate(k, rdma, DESTROY, () => b.unmap(k, rdmaMap, 'mlx5_ib_dmabuf_invalidate_cb+0x3b/0x60 [mlx5_ib]'))
      b.waitFences(k, rdma, { caller: 'ib_uverbs_dmabuf_revoke+0x52/0xa0 [ib_uverbs]' })
      wait(k, 0.1)
      b.map(k, rdmaMap)
      wait(k, 0.1)
      b.unmap(k, rdmaMap)
      b.detach(k, rdmaMap.attachment)
      b.release(k, rdma)
    },
    violated: [`use-after-permanent-revoke 31 ${mlx5.device}`],
  },
  {
    name: 'the device of the importer is reset, not the exporter',
    run: (k) => {
      begin(k)
      v.disable(k, GPU, 'virtio-pci')
      v.flr(k, GPU)
      v.enable(k, GPU, 'virtio-pci')
      wait(k, 0.1)
      end(k, undefined, true)
    },
  },
  {
    name: 'iommufd: revoked privately, never populated again',
    shown: ['raw'],
    run: (k) => {
      iommufdBegin(k)
      v.revokeAndReset(k, NVME, 'ioctl', [
        {
          buffer: buf,
          told: () => {
            print(k, 'iopt_revoke_notify', `(iopt_revoke_notify+0x4/0x80) attach=${iommuMap.attachment.pointer}`)
            b.iommuUnmap(k, iommuMap.iova, iommuMap.length)
          },
        },
      ])
      iommufdEnd(k)
    },
    revocations: ['11 flr transient restored clean'],
  },
  {
    name: 'iommufd: reset through sysfs while mapped',
    shown: ['btf'],
    run: (k) => {
      iommufdBegin(k)
      v.resetFunction(k, NVME, 'sysfs')
      wait(k, 0.1)
      b.iommuUnmap(k, iommuMap.iova, iommuMap.length)
      iommufdEnd(k)
    },
    violated: ['reset-while-mapped 11 iommu', 'reset-without-revoke 11 -'],
  },
  {
    name: 'an unrelated warning is no splat of a revoke',
    run: (k) => {
      begin(k)
      as(k, { comm: 'kworker/u8:0', pid: 12, cpu: 1 }, () => {
        kernelLog(k, '------------[ cut here ]------------')
        kernelLog(k, 'WARNING: fs/ext4/inode.c:3980 at ext4_set_iomap+0x1c0/0x240 [ext4], CPU#1: kworker/u8:0/12')
        kernelLog(k, 'Modules linked in: ext4 vfio_pci vfio_pci_core virtio_gpu dbtest(OE)')
        kernelLog(k, 'Call Trace:')
        kernelLog(k, ' ext4_iomap_begin+0x2d/0x70 [ext4]')
        kernelLog(k, '---[ end trace 0000000000000000 ]---')
      })
      v.revokeAndReset(k, NVME, 'ioctl', [obeying(k)])
      end(k)
    },
  },
  {
    name: 'memory off, then close: the reference count underflows and the close hangs',
    shown: RB,
    run: (k) => {
      begin(k)
      v.revoke(k, NVME, 'command', [obeying(k)])
      b.detach(k, attachment(buf, virtgpu))
      wait(k, 0.5)
      const head = '(vfio_pci_dma_buf_cleanup+0x4/0xce [vfio_pci_core])'
      if (k.vocabulary === 'recipe') print(k, 'vfiodb_cleanup', `${head} dev="${NVME}"`)
      else print(k, 'vfio_cleanup', `${head} vdev=${b.vdev(NVME)} bdf="${NVME}"`)
      kernelLog(k, '------------[ cut here ]------------')
      kernelLog(k, 'refcount_t: underflow; use-after-free.')
      kernelLog(k, 'WARNING: lib/refcount.c:28 at refcount_warn_saturate+0x59/0x90, CPU#0: tool/200')
      kernelLog(k, 'Call Trace:')
      kernelLog(k, ' vfio_pci_dma_buf_cleanup+0x8f/0xce [vfio_pci_core]')
      kernelLog(k, '---[ end trace 0000000000000000 ]---')
      wait(k, 121)
      hangs(k, 'tool', 200)
    },
    violated: ['kernel-splat - -'],
  },
  {
    name: 'AMD and SMMU fault texts accuse the same mapping',
    run: (k) => {
      begin(k)
      v.revokeAndReset(k, NVME, 'ioctl', [obeying(k)])
      wait(k, 0.5)
      as(k, IDLE, () =>
        kernelLog(k, `virtio-pci ${GPU}: Event logged [IO_PAGE_FAULT domain=0x0012 address=0xffffc040 flags=0x0020]`),
      )
      wait(k, 0.5)
      end(k)
    },
    violated: [`use-after-revoke 11 ${GPU}`],
  },
  {
    name: 'an SMMU fault',
    run: (k) => {
      begin(k)
      v.revokeAndReset(k, NVME, 'ioctl', [obeying(k)])
      wait(k, 0.5)
      as(k, IDLE, () => {
        kernelLog(
          k,
          `arm-smmu-v3 2b400000.iommu: event: F_TRANSLATION client: ${GPU} sid: 0x200 ssid: 0x0 iova: 0xffffc040 ipa: 0x0`,
        )
        kernelLog(k, 'arm-smmu-v3 2b400000.iommu: unpriv data write s1 "Input address caused fault" stag: 0x0')
      })
      wait(k, 0.5)
      end(k)
    },
    violated: [`use-after-revoke 11 ${GPU}`],
  },
  {
    name: 'the native io_page_fault event',
    run: (k) => {
      begin(k)
      v.revokeAndReset(k, NVME, 'ioctl', [obeying(k)])
      wait(k, 0.5)
      as(k, IDLE, () =>
        print(k, 'io_page_fault', `IOMMU:virtio-pci ${GPU} iova=0x00000000ffffc040 flags=0x0001`, 'd.h1.'),
      )
      wait(k, 0.5)
      end(k)
    },
    violated: [`use-after-revoke 11 ${GPU}`],
  },
  {
    name: 'an unknown importer without fences, unmapped from its worker in time',
    shown: R,
    run: (k) => {
      const m = mapping(attachment(buf, dbtest('their_invalidate', EDU)))
      begin(k, m)
      v.revokeAndReset(k, NVME, 'ioctl', [{ buffer: buf, waiting: () => as(k, KWORKER, () => b.unmap(k, m)) }])
      end(k, m)
    },
    revocations: ['11 flr transient restored clean'],
  },
]

const iommufd = {
  device: 'iommu',
  ops: '0xffffffff81a848e0',
  callback: 'iopt_revoke_notify',
  p2p: true,
  caller: 'iopt_alloc_dmabuf_pages+0x98/0x170',
  mapper: '',
}
const iommuMap = mapping(attachment(buf, iommufd), 0x10000000)

function iommufdBegin(k: Ledger): void {
  v.open(k, NVME)
  b.exportBuffer(k, buf)
  if (k.vocabulary === 'raw')
    print(
      k,
      'iopt_alloc_dmabuf_pages',
      `(iopt_alloc_dmabuf_pages+0x4/0x170) ictx=0xff110001015c0240 dmabuf=${b.dmabuf(buf)} start=0x0 length=0x4000`,
    )
  b.attach(k, iommuMap.attachment)
  b.pin(k, iommuMap.attachment)
  const head = '(iopt_alloc_dmabuf_pages+0xe1/0x170 <- vfio_pci_dma_buf_iommufd_map)'
  if (k.vocabulary === 'raw') {
    print(k, 'vfio_pci_dma_buf_iommufd_map', `${head} ret=0`)
    print(
      k,
      'iopt_alloc_dmabuf_pages_ret',
      '(iopt_map_file_pages+0x8a/0x160 <- iopt_alloc_dmabuf_pages) pages=0xff11000101539a80',
    )
  }
  if (k.vocabulary === 'btf') print(k, 'vfio_iommufd_map', `${head} attach=${iommuMap.attachment.pointer} ret=0`)
  b.iommuMap(k, iommuMap.iova, iommuMap.length)
  if (k.vocabulary === 'raw')
    print(k, 'iommufd_ioas_map_file_ret', '(iommufd_fops_ioctl+0x115/0x1c0 <- iommufd_ioas_map_file) ret=0')
  wait(k, 0.1)
}

function iommufdEnd(k: Ledger): void {
  if (k.vocabulary === 'raw') print(k, 'iopt_release_pages', '(iopt_release_pages+0x4/0x170) kref=0xff11000101539a80')
  b.unpin(k, iommuMap.attachment)
  b.detach(k, iommuMap.attachment)
  b.release(k, buf)
  v.close(k, NVME)
}

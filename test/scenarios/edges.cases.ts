/** Where a plausible shortcut accuses the innocent or acquits the guilty. */

import type { Case } from './case.ts'
import { attachment, dbtest, EDU, efa, GPU, mapping, mlx5, NVME, NVME_1, OTHER, virtgpu } from './cast.ts'
import * as b from './kernel-buffers.ts'
import { as, KWORKER, kernelLog, type Ledger, print, type Task, wait } from './kernel-lines.ts'
import * as v from './kernel-vfio.ts'
import { hardwareReset } from './module-exporter.cases.ts'
import { begin, buf, end, obeying } from './vfio.cases.ts'

const R = ['recipe'] as const
const RB = ['recipe', 'btf'] as const
const CALLER = 'dbt_ioctl+0x2cb/0x73a [dbtest]'
const SECOND: Task = { comm: 'vmm', pid: 300, cpu: 1 }

const dbt = b.buffer(5, 'dbtest')
const dbtMap = mapping(attachment(dbt, dbtest()))
const quick = (k: Ledger, m = dbtMap): void => b.unmap(k, m, 'dbt_inv_sync+0x22/0x30 [dbtest]')
const m = mapping(attachment(buf, virtgpu))

const sibling = b.buffer(12, 'vfio', NVME_1)
const siblingMap = mapping(attachment(sibling, virtgpu, '0xffff889ac63c9900'), 0xffff4000, '0xffff889ac101b170')
const far = b.buffer(13, 'vfio', OTHER)
const farMap = mapping(attachment(far, mlx5, '0xffff889ac63ca900'), 0xffffc000, '0xffff889ac101c170')

function up(k: Ledger, device: string, one: b.Mapping): void {
  v.open(k, device)
  b.exportBuffer(k, one.attachment.buffer)
  b.attach(k, one.attachment)
  b.map(k, one)
}

function down(k: Ledger, device: string, one: b.Mapping, live = false): void {
  if (live) b.unmap(k, one)
  b.detach(k, one.attachment)
  b.release(k, one.attachment.buffer)
  v.close(k, device)
}

/** Gives the last `count` lines the time stamp of the last one. */
function tie(k: Ledger, count: number): void {
  const time = (line: string): string => /\d+\.\d{6}(?=: )/.exec(line)![0]
  const last = time(k.lines.at(-1)!)
  for (let i = k.lines.length - count; i < k.lines.length; i++)
    k.lines[i] = k.lines[i]!.replace(/\d+\.\d{6}(?=: )/, last)
}

export const edges: Case[] = [
  {
    name: 'hot reset of two functions, both mapped, both obeyed',
    run: (k) => {
      up(k, NVME, m)
      up(k, NVME_1, siblingMap)
      v.revoke(k, NVME, 'hot', [obeying(k, m)])
      v.revoke(k, NVME_1, 'hot', [obeying(k, siblingMap)])
      v.resetBus(k, [NVME, NVME_1])
      v.restore(k, NVME_1, 'hot', [sibling])
      v.restore(k, NVME, 'hot', [buf])
      down(k, NVME_1, siblingMap)
      down(k, NVME, m)
    },
  },
  {
    name: 'hot reset: rows',
    shown: R,
    run: (k) => {
      up(k, NVME, m)
      up(k, NVME_1, siblingMap)
      v.revoke(k, NVME, 'hot', [obeying(k, m)])
      v.revoke(k, NVME_1, 'hot', [obeying(k, siblingMap)])
      v.resetBus(k, [NVME, NVME_1])
      v.restore(k, NVME_1, 'hot', [sibling])
      v.restore(k, NVME, 'hot', [buf])
    },
    resets: [
      `${NVME} flr open 0 clean`,
      `${NVME_1} flr open 0 clean`,
      `${NVME} bus ioctl 0 clean`,
      `${NVME_1} bus ioctl 0 clean`,
    ],
    revocations: ['11 hot-reset transient restored clean', '12 hot-reset transient restored clean'],
  },
  {
    name: 'hot reset gives up half way: un-revoked without any reset',
    run: (k) => {
      up(k, NVME, m)
      up(k, NVME_1, siblingMap)
      v.revoke(k, NVME, 'hot', [obeying(k, m)])
      v.restore(k, NVME, 'hot', [buf])
      wait(k, 0.1)
      down(k, NVME_1, siblingMap, true)
      down(k, NVME, m)
    },
  },
  {
    name: 'the sibling of a bus reset is not revoked and stays mapped',
    shown: R,
    run: (k) => {
      up(k, NVME, m)
      up(k, NVME_1, siblingMap)
      v.revoke(k, NVME, 'hot', [obeying(k, m)])
      v.resetBus(k, [NVME, NVME_1])
      v.restore(k, NVME, 'hot', [buf])
      down(k, NVME_1, siblingMap, true)
      down(k, NVME, m)
    },
    violated: [`reset-while-mapped 12 ${GPU}`, 'reset-without-revoke 12 -'],
  },
  {
    name: 'two processes reset two devices at the same time',
    run: (k) => {
      up(k, NVME, m)
      as(k, SECOND, () => up(k, OTHER, farMap))
      v.revoke(k, NVME, 'ioctl', [
        {
          buffer: buf,
          told: () => {
            as(k, SECOND, () => v.revoke(k, OTHER, 'ioctl', [obeying(k, farMap)]))
            b.unmap(k, m, 'virtgpu_dma_buf_move_notify+0x44/0x60 [virtio_gpu]')
          },
        },
      ])
      v.resetFunction(k, NVME, 'ioctl', {
        inside: () =>
          as(k, SECOND, () => {
            v.resetFunction(k, OTHER, 'ioctl')
            v.restore(k, OTHER, 'ioctl', [far])
            b.map(k, farMap)
          }),
      })
      v.restore(k, NVME, 'ioctl', [buf])
      down(k, NVME, m)
      as(k, SECOND, () => down(k, OTHER, farMap, true))
    },
  },
  {
    name: 'the same address is dead on one device and live on the other, which faults',
    run: (k) => {
      up(k, NVME, m)
      as(k, SECOND, () => up(k, OTHER, farMap))
      v.revokeAndReset(k, NVME, 'ioctl', [obeying(k, m)])
      wait(k, 1)
      b.fault(k, mlx5.device, farMap.iova)
      wait(k, 1)
      down(k, NVME, m)
      as(k, SECOND, () => down(k, OTHER, farMap, true))
    },
  },
  {
    name: 'the same address is dead on one device, which faults, and live on the other',
    run: (k) => {
      up(k, NVME, m)
      as(k, SECOND, () => up(k, OTHER, farMap))
      v.revokeAndReset(k, NVME, 'ioctl', [obeying(k, m)])
      wait(k, 1)
      b.fault(k, GPU, farMap.iova)
      wait(k, 1)
      down(k, NVME, m)
      as(k, SECOND, () => down(k, OTHER, farMap, true))
    },
    violated: [`use-after-revoke 11 ${GPU}`],
  },
  {
    name: 'the address was used again and let go in the ordinary way: whose access it was is not known',
    run: (k) => {
      const next = b.buffer(14, 'vfio', NVME)
      const nextMap = mapping(attachment(next, virtgpu, '0xffff889ac63c8700'))
      up(k, NVME, m)
      v.revokeAndReset(k, NVME, 'ioctl', [obeying(k, m)])
      b.detach(k, m.attachment)
      b.exportBuffer(k, next)
      b.attach(k, nextMap.attachment)
      b.map(k, nextMap)
      wait(k, 0.1)
      b.unmap(k, nextMap)
      wait(k, 1)
      b.fault(k, GPU, m.iova)
      b.detach(k, nextMap.attachment)
    },
  },
  {
    name: 'one device attached three times with the same address each',
    run: (k) => {
      const three = [0, 1, 2].map((n) =>
        mapping(attachment(buf, dbtest(), `0xffff889ac63c8${n}00`), 0xffff0000 - n * 0x8000, `0xffff889ac101a1${n}0`),
      )
      v.open(k, NVME)
      b.exportBuffer(k, buf)
      for (const one of three) {
        b.attach(k, one.attachment)
        b.map(k, one)
      }
      v.revokeAndReset(k, NVME, 'ioctl', [
        {
          buffer: buf,
          told: () => {
            for (const one of [...three].reverse()) b.unmap(k, one, 'dbt_inv_sync+0x22/0x30 [dbtest]')
          },
        },
      ])
      for (const one of three) b.detach(k, one.attachment)
      b.release(k, buf)
      v.close(k, NVME)
    },
    revocations: ['11 flr transient restored clean'],
  },
  {
    name: 'of three attachments of one device one lets go late',
    run: (k) => {
      const three = [0, 1, 2].map((n) =>
        mapping(attachment(buf, dbtest(), `0xffff889ac63c8${n}00`), 0xffff0000 - n * 0x8000, `0xffff889ac101a1${n}0`),
      )
      v.open(k, NVME)
      b.exportBuffer(k, buf)
      for (const one of three) {
        b.attach(k, one.attachment)
        b.map(k, one)
      }
      v.revokeAndReset(k, NVME, 'ioctl', [
        {
          buffer: buf,
          told: () => {
            for (const one of [three[2]!, three[0]!]) b.unmap(k, one, 'dbt_inv_sync+0x22/0x30 [dbtest]')
          },
          waiting: () =>
            as(k, KWORKER, () => {
              wait(k, 2)
              b.unmap(k, three[1]!)
            }),
        },
      ])
      for (const one of three) b.detach(k, one.attachment)
      b.release(k, buf)
      v.close(k, NVME)
    },
    violated: [`late-unmap 11 ${EDU}`],
  },
  {
    name: 'AER: the bus below the port is reset with a live mapping on it',
    shown: RB,
    run: (k) => {
      begin(k)
      as(k, { comm: 'irq/25-aerdrv', pid: 70, cpu: 1 }, () => {
        print(
          k,
          'aer_event',
          `${NVME} PCIe Bus Error: severity=Fatal, Malformed TLP, TLP Header=Not available`,
          'd....',
        )
        k.lines.push('')
        kernelLog(k, `pcieport 0000:00:10.0: AER: Uncorrectable (Fatal) error message received from ${NVME}`)
        kernelLog(
          k,
          `vfio-pci ${NVME}: PCIe Bus Error: severity=Uncorrectable (Fatal), type=Transaction Layer, (Receiver ID)`,
        )
        const name = k.vocabulary === 'recipe' ? ['pcirst_sbr', 'dev'] : ['pci_bridge_sbr', 'bdf']
        print(k, name[0]!, `(pci_bridge_secondary_bus_reset+0x4/0x60) ${name[1]}="0000:00:10.0"`)
        wait(k, 0.2)
        kernelLog(k, 'pcieport 0000:00:10.0: AER: Root Port link has been reset (0)')
        kernelLog(k, 'pcieport 0000:00:10.0: AER: device recovery successful')
      })
      wait(k, 0.1)
      end(k, m, true)
    },
    violated: [`device-lost-while-mapped 11 ${GPU}`, `reset-while-mapped 11 ${GPU}`, 'reset-without-revoke 11 -'],
  },
  {
    name: 'surprise removal: the log had named the buses below the port, its link goes down with a live mapping',
    shown: RB,
    run: (k) => {
      kernelLog(k, 'pci 0000:00:10.0: PCI bridge to [bus 01]')
      kernelLog(k, 'pci 0000:00:11.0: PCI bridge to [bus 02]')
      begin(k)
      as(k, { comm: 'irq/25-pciehp', pid: 70, cpu: 1 }, () => {
        print(k, 'pci_hp_event', '0000:00:10.0 slot:1, event:LINK_DOWN', '.....')
        k.lines.push('')
        kernelLog(k, 'pcieport 0000:00:10.0: pciehp: Slot(1): Link Down')
      })
      v.close(k, NVME, [obeying(k, m)])
      b.detach(k, m.attachment)
      b.release(k, buf)
    },
    violated: [`device-lost-while-mapped 11 ${GPU}`],
  },
  {
    name: 'the importer is pulled out, and lets go in time: its exporter is there',
    shown: RB,
    run: (k) => {
      kernelLog(k, 'pci 0000:00:10.0: PCI bridge to [bus 01]')
      kernelLog(k, 'pci 0000:00:11.0: PCI bridge to [bus 02]')
      begin(k)
      as(k, { comm: 'irq/26-pciehp', pid: 71, cpu: 1 }, () => {
        print(k, 'pci_hp_event', '0000:00:11.0 slot:2, event:LINK_DOWN', '.....')
        k.lines.push('')
        kernelLog(k, `virtio-pci ${GPU}: Unable to change power state from D3cold to D0, device inaccessible`)
      })
      end(k, m, true)
    },
  },
  {
    name: 'vfio of 7.0: waits neither for fences nor for the unmap',
    run: (k) => {
      k.legacyNames = true
      begin(k)
      const revoked = (): void => b.invalidate(k, buf, 'vfio_pci_dma_buf_move+0x50/0x130 [vfio_pci_core]')
      v.revoke(k, NVME, 'ioctl', [])
      // The move of this kernel, with nothing after its notify.
      const ret = k.lines.splice(-(k.vocabulary === 'raw' ? 0 : 1), k.vocabulary === 'raw' ? 0 : 1)
      revoked()
      k.lines.push(
        ...ret.map((line) =>
          line.replace(/\d+\.\d{6}(?=: )/, `${Math.floor(k.now / 1e6)}.${String(k.now % 1e6).padStart(6, '0')}`),
        ),
      )
      v.resetFunction(k, NVME, 'ioctl', { inside: () => as(k, KWORKER, () => b.unmap(k, m)) })
      v.restore(k, NVME, 'ioctl', [])
      end(k)
    },
    violated: [`reset-while-mapped 11 ${GPU}`],
  },
  {
    name: 'memory disabled with a fence still pending and no wait',
    shown: R,
    run: (k) => {
      begin(k)
      b.addFence(k, buf, 3, 9)
      const head = '(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core])'
      print(k, 'vfiodb_move', `${head} dev="${NVME}" revoked=1`, '...2.')
      b.invalidate(k, buf, 'vfio_pci_dma_buf_move+0x50/0x190 [vfio_pci_core]', () => b.unmap(k, m))
      print(
        k,
        'vfiodb_move_ret',
        `(vfio_basic_config_write+0x120/0x360 [vfio_pci_core] <- vfio_pci_dma_buf_move) dev="${NVME}" revoked=1`,
      )
      wait(k, 0.2)
      as(k, KWORKER, () => b.signalFence(k, 3, 9))
      wait(k, 0.2)
      v.restore(k, NVME, 'command', [buf])
      end(k)
    },
    violated: ['fences-not-awaited 11 -', 'late-fence 11 -'],
  },
  {
    name: 'one fence on two buffers, signalled before either is reset',
    shown: R,
    run: (k) => {
      const other = b.buffer(6, 'dbtest')
      b.exportBuffer(k, dbt)
      b.exportBuffer(k, other)
      b.attach(k, dbtMap.attachment)
      b.map(k, dbtMap)
      b.addFence(k, dbt, 4, 1)
      b.addFence(k, other, 4, 1)
      as(k, KWORKER, () => b.signalFence(k, 4, 1))
      b.release(k, other)
      b.invalidate(k, dbt, CALLER, () => quick(k))
      hardwareReset(k)
      b.detach(k, dbtMap.attachment)
      b.release(k, dbt)
    },
  },
  {
    name: 'one fence added twice to one buffer, signalled before the reset',
    shown: R,
    run: (k) => {
      b.exportBuffer(k, dbt)
      b.attach(k, dbtMap.attachment)
      b.map(k, dbtMap)
      b.addFence(k, dbt, 4, 1, 3)
      b.addFence(k, dbt, 4, 1, 1)
      as(k, KWORKER, () => b.signalFence(k, 4, 1))
      b.invalidate(k, dbt, CALLER, () => quick(k))
      hardwareReset(k)
      b.detach(k, dbtMap.attachment)
      b.release(k, dbt)
    },
  },
  {
    name: 'a fence signalled before it was added to the reservation object',
    shown: R,
    run: (k) => {
      b.exportBuffer(k, dbt)
      b.attach(k, dbtMap.attachment)
      b.map(k, dbtMap)
      print(k, 'dma_fence_init', 'driver=mod timeline=ring0 context=4 seqno=1', '.....')
      as(k, KWORKER, () => b.signalFence(k, 4, 1))
      print(k, 'dbuf_resv_add', `(dma_resv_add_fence+0x4/0x220) resv=${b.resv(dbt)} usage=3 ctx=4 seqno=1`)
      b.invalidate(k, dbt, CALLER, () => quick(k))
      hardwareReset(k)
      b.detach(k, dbtMap.attachment)
      b.release(k, dbt)
    },
  },
  {
    name: 'a pin that fails, known by its entry alone, leaves nothing pinned',
    run: (k) => {
      const rdma = b.buffer(31, 'uverbs')
      const refused = attachment(rdma, { ...efa, device: '0000:09:00.0' }, '0xffff889ac63c8b00')
      const good = mapping(attachment(dbt, dbtest()))
      b.exportBuffer(k, dbt)
      b.attach(k, good.attachment)
      b.pin(k, good.attachment)
      b.map(k, good)
      b.unmap(k, good)
      b.unpin(k, good.attachment)
      b.detach(k, good.attachment)
      b.release(k, dbt)
      b.exportBuffer(k, rdma)
      b.attach(k, refused)
      b.pin(k, refused, -95)
      b.detach(k, refused)
      b.release(k, rdma)
    },
    // The exporter refused it, at the pin: the attach did no harm. Arguable, so the next line stays out of the truth.
    violated: ['non-revocable-importer 31 0000:09:00.0'],
  },
  {
    name: 'an importer detaches with a pin left',
    run: (k) => {
      const good = mapping(attachment(dbt, dbtest()))
      b.exportBuffer(k, dbt)
      for (const pins of [1, 2]) {
        b.attach(k, good.attachment)
        for (let n = 0; n < pins; n++) b.pin(k, good.attachment)
        b.map(k, good)
        b.unmap(k, good)
        b.unpin(k, good.attachment)
        b.detach(k, good.attachment)
      }
      b.release(k, dbt)
    },
    shown: R,
    violated: [`pin-imbalance 5 ${EDU}`],
  },
  {
    name: 'unmapped twice',
    run: (k) => {
      b.exportBuffer(k, dbt)
      b.attach(k, dbtMap.attachment)
      b.map(k, dbtMap)
      b.unmap(k, dbtMap)
      wait(k, 0.1)
      b.unmap(k, dbtMap)
      b.detach(k, dbtMap.attachment)
      b.release(k, dbt)
    },
    violated: [`double-unmap 5 ${EDU}`],
  },
  {
    name: 'unmapped after the detach',
    run: (k) => {
      b.exportBuffer(k, dbt)
      b.attach(k, dbtMap.attachment)
      b.map(k, dbtMap)
      b.detach(k, dbtMap.attachment)
      wait(k, 0.1)
      b.unmap(k, dbtMap)
      b.release(k, dbt)
    },
    violated: [`use-after-detach 5 ${EDU}`],
  },
  {
    name: 'released while attached and mapped',
    run: (k) => {
      const before = b.buffer(4, 'dbtest')
      const gone = attachment(before, dbtest(), '0xffff889ac63c9100')
      b.exportBuffer(k, before)
      b.attach(k, gone)
      b.detach(k, gone)
      b.release(k, before)
      b.exportBuffer(k, dbt)
      b.attach(k, dbtMap.attachment)
      b.map(k, dbtMap)
      b.release(k, dbt)
      wait(k, 1)
      print(k, 'tracing_mark_write', 'end')
    },
    violated: [`leaked-attachment 5 ${EDU}`, `leaked-mapping 5 ${EDU}`, `released-while-attached 5 ${EDU}`],
  },
  {
    name: 'mapped by a function that unlocks before it returns, revoked in between',
    shown: R,
    run: (k) => {
      v.open(k, NVME)
      b.exportBuffer(k, buf)
      b.attach(k, m.attachment)
      const { pointer } = m.attachment
      as(k, SECOND, () =>
        print(k, 'my_map', `(dma_buf_map_attachment_unlocked+0x4/0x70) attach=${pointer} dev="${GPU}" dir=0`),
      )
      v.revoke(k, NVME, 'command', [
        {
          buffer: buf,
          waiting: () => {
            as(k, SECOND, () =>
              print(
                k,
                'my_map_ret',
                `(virtgpu_dma_buf_import_sgt+0x4a/0x130 [virtio_gpu] <- dma_buf_map_attachment_unlocked) attach=${pointer} sgt=${m.sgt} iova=0xffffc000 len=16384`,
              ),
            )
            as(k, KWORKER, () => b.unmap(k, m))
          },
        },
      ])
      v.restore(k, NVME, 'command', [buf])
      end(k)
    },
  },
  {
    name: 'another buffer of the device is mapped before its own invalidate',
    run: (k) => {
      const late = b.buffer(14, 'vfio', NVME)
      const lateMap = mapping(attachment(late, mlx5, '0xffff889ac63c8700'), 0xfff00000, '0xffff889ac101d170')
      begin(k)
      b.exportBuffer(k, late)
      b.attach(k, lateMap.attachment)
      v.revoke(k, NVME, 'ioctl', [
        { ...obeying(k), waiting: () => as(k, KWORKER, () => b.map(k, lateMap)) },
        obeying(k, lateMap),
      ])
      v.resetFunction(k, NVME, 'ioctl')
      v.restore(k, NVME, 'ioctl', [buf, late])
      b.detach(k, lateMap.attachment)
      b.release(k, late)
      end(k)
    },
  },
  {
    name: 'memory is enabled by another thread in the middle of a sysfs reset',
    shown: R,
    run: (k) => {
      begin(k)
      v.revoke(k, NVME, 'command', [obeying(k)])
      as(k, SECOND, () =>
        v.resetFunction(k, NVME, 'sysfs', {
          inside: () => as(k, { comm: 'tool', pid: 200, cpu: 0 }, () => v.restore(k, NVME, 'command', [buf])),
        }),
      )
      end(k)
    },
    violated: ['early-restore 11 -'],
  },
  {
    name: 'unmap and reset bear the same time on two CPUs: which came first is not known',
    shown: R,
    run: (k) => {
      begin(k)
      print(k, 'pcirst_fn', `(pci_reset_function+0x4/0x130) dev="${NVME}"`)
      v.disable(k, NVME)
      k.lines.pop()
      as(k, KWORKER, () => b.unmap(k, m))
      // disable | entry, iommu:unmap, return: all in one microsecond.
      tie(k, 4)
      kernelLog(k, `vfio-pci ${NVME}: resetting`)
      v.flr(k, NVME)
      v.enable(k, NVME)
      print(k, 'pcirst_fn_ret', `(reset_store+0x60/0xb0 <- pci_reset_function) dev="${NVME}" ret=0`)
      end(k)
    },
    violated: ['reset-without-revoke 11 -'],
  },
  {
    name: 'a reference count underflow of the network stack',
    run: (k) => {
      begin(k)
      as(k, { comm: 'nginx', pid: 950, cpu: 1 }, () => {
        kernelLog(k, '------------[ cut here ]------------')
        kernelLog(k, 'refcount_t: underflow; use-after-free.')
        kernelLog(k, 'WARNING: lib/refcount.c:28 at refcount_warn_saturate+0x59/0x90, CPU#1: nginx/950')
        kernelLog(k, 'RIP: 0010:refcount_warn_saturate+0x59/0x90')
        kernelLog(k, 'Call Trace:')
        kernelLog(k, ' sk_free+0x2d/0x70')
        kernelLog(k, ' tcp_close+0x1b/0x90')
        kernelLog(k, ' inet_release+0x42/0x80')
        kernelLog(k, '---[ end trace 0000000000000000 ]---')
      })
      end(k, m, true)
    },
  },
  {
    name: 'a splat of dma-buf into which another CPU prints its own',
    run: (k) => {
      begin(k)
      kernelLog(k, '------------[ cut here ]------------')
      as(k, SECOND, () => kernelLog(k, '------------[ cut here ]------------'))
      kernelLog(k, 'WARNING: drivers/dma-buf/dma-buf.c:1673 at dma_buf_vmap+0x60/0x90, CPU#0: tool/200')
      as(k, SECOND, () =>
        kernelLog(k, 'WARNING: fs/ext4/inode.c:3980 at ext4_set_iomap+0x1c0/0x240 [ext4], CPU#1: vmm/300'),
      )
      kernelLog(k, 'Call Trace:')
      kernelLog(k, ' dma_buf_vmap+0x60/0x90')
      kernelLog(k, '---[ end trace 0000000000000000 ]---')
      as(k, SECOND, () => kernelLog(k, '---[ end trace 0000000000000000 ]---'))
      end(k, m, true)
    },
    violated: ['kernel-splat - -'],
  },
  {
    name: 'sysfs reset refused with -ENOTTY before anything was done',
    shown: R,
    run: (k) => {
      begin(k)
      print(k, 'pcirst_fn', `(pci_reset_function+0x4/0x130) dev="${NVME}"`)
      print(k, 'pcirst_fn_ret', `(reset_store+0x60/0xb0 <- pci_reset_function) dev="${NVME}" ret=-25`)
      end(k, m, true)
    },
  },
  {
    name: 'an exporter of a module told its importer from the same task, which unmaps 3 s later',
    run: (k) => {
      const lazy = mapping(attachment(dbt, dbtest('dbt_inv_lazy')))
      b.exportBuffer(k, dbt)
      b.attach(k, lazy.attachment)
      b.map(k, lazy)
      b.invalidate(k, dbt, CALLER)
      b.waitFences(k, dbt, { caller: CALLER })
      wait(k, 3)
      b.unmap(k, lazy)
      b.detach(k, lazy.attachment)
      b.release(k, dbt)
    },
    violated: [`late-unmap 5 ${EDU}`],
  },
  {
    name: 'shared reservation object: the wait of one buffer is the wait of the other',
    shown: R,
    run: (k) => {
      const other = b.buffer(6, 'dbtest')
      b.exportBuffer(k, dbt)
      b.exportBuffer(k, other)
      const at = k.lines.findIndex((line) => line.includes(`resv=${b.resv(other)}`))
      k.lines[at] = k.lines[at]!.replace(b.resv(other), b.resv(dbt))
      b.attach(k, dbtMap.attachment)
      b.map(k, dbtMap)
      b.addFence(k, dbt, 4, 1)
      b.release(k, other)
      b.invalidate(k, dbt, CALLER, () => quick(k))
      b.waitFences(k, dbt, { caller: CALLER, inside: () => as(k, KWORKER, () => b.signalFence(k, 4, 1)) })
      hardwareReset(k)
      b.detach(k, dbtMap.attachment)
      b.release(k, dbt)
    },
    revocations: ['5 unknown transient gone clean'],
  },
  {
    name: 'a fence signals in the microsecond in which the reset begins',
    shown: R,
    run: (k) => {
      b.exportBuffer(k, dbt)
      b.attach(k, dbtMap.attachment)
      b.map(k, dbtMap)
      b.addFence(k, dbt, 3, 7)
      b.invalidate(k, dbt, CALLER, () => quick(k))
      hardwareReset(k, 0, () => as(k, KWORKER, () => b.signalFence(k, 3, 7)))
      tie(k, 3)
      wait(k, 0.03)
      b.detach(k, dbtMap.attachment)
      b.release(k, dbt)
    },
    // Which of the two came first the trace does not say: nothing is proved.
  },
  {
    name: 'a map returns in the microsecond in which another CPU restores',
    shown: R,
    run: (k) => {
      begin(k)
      v.revoke(k, NVME, 'command', [obeying(k)])
      wait(k, 0.1)
      const before = k.lines.length
      as(k, KWORKER, () => b.map(k, m))
      v.restore(k, NVME, 'command', [buf])
      tie(k, k.lines.length - before)
      end(k, m, true)
    },
  },
]

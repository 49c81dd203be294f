/** vfio-pci as it ought to be, and what importers do to it. */

import type { Case } from './case.ts'
import { attachment, dbtest, EDU, GPU, mapping, NVME, virtgpu } from './cast.ts'
import * as b from './kernel-buffers.ts'
import { as, KWORKER, type Ledger, marker, wait } from './kernel-lines.ts'
import * as v from './kernel-vfio.ts'

export const buf = b.buffer(11, 'vfio', NVME)
const att = attachment(buf, virtgpu)
const m = mapping(att)
const CALLBACK = 'virtgpu_dma_buf_move_notify+0x44/0x60 [virtio_gpu]'

export function begin(k: Ledger, one: b.Mapping = m): void {
  v.open(k, NVME)
  b.exportBuffer(k, one.attachment.buffer)
  b.attach(k, one.attachment)
  b.map(k, one)
  wait(k, 0.02)
}

/** The buffer is revoked with its one mapping unmapped in the callback. */
export const obeying = (k: Ledger, one: b.Mapping = m): v.Told => ({
  buffer: one.attachment.buffer,
  told: () => b.unmap(k, one, CALLBACK),
})

export function end(k: Ledger, one: b.Mapping = m, live = false): void {
  if (live) b.unmap(k, one)
  b.detach(k, one.attachment)
  b.release(k, one.attachment.buffer)
  v.close(k, NVME)
}

const OPEN = `${NVME} flr open 0 clean`
const CLOSE = `${NVME} flr close 0 clean`
const R = ['recipe'] as const
const RB = ['recipe', 'btf'] as const

export const vfio: Case[] = [
  {
    name: 'an importer with fences: signalled by a worker, unmapped by a worker',
    run: (k) => {
      begin(k)
      b.addFence(k, buf, 3, 9)
      v.revokeAndReset(k, NVME, 'ioctl', [
        {
          buffer: buf,
          fencing: () =>
            as(k, KWORKER, () => {
              wait(k, 0.12)
              b.signalFence(k, 3, 9)
            }),
          waiting: () =>
            as(k, KWORKER, () => {
              wait(k, 0.01)
              b.unmap(k, m, 'lab_work+0x10/0x80 [mod]')
            }),
        },
      ])
      end(k)
    },
    revocations: ['11 flr transient restored clean'],
  },
  {
    name: 'a write faults while the buffer is revoked',
    run: (k) => {
      begin(k)
      v.revokeAndReset(k, NVME, 'ioctl', [obeying(k)], { inside: () => {} })
      wait(k, 0.2)
      v.revoke(k, NVME, 'command')
      end(k)
    },
  },
  {
    name: 'use after revoke during the reset',
    run: (k) => {
      begin(k)
      v.revoke(k, NVME, 'ioctl', [obeying(k)])
      wait(k, 0.05)
      v.resetFunction(k, NVME, 'ioctl', { inside: () => b.fault(k, GPU, m.iova + 0x40) })
      v.restore(k, NVME, 'ioctl', [buf])
      end(k)
    },
    violated: [`use-after-revoke 11 ${GPU}`],
    revocations: ['11 flr transient restored violated'],
  },
  {
    name: 'use after revoke long after the restore: charged to the mapping, not the episode',
    run: (k) => {
      begin(k)
      v.revokeAndReset(k, NVME, 'ioctl', [obeying(k)])
      wait(k, 2)
      b.fault(k, GPU, m.iova, 'Read')
      wait(k, 0.2)
      end(k)
    },
    violated: [`use-after-revoke 11 ${GPU}`],
    revocations: ['11 flr transient restored clean'],
  },
  {
    name: 'several faults on one mapping are one finding',
    run: (k) => {
      begin(k)
      v.revokeAndReset(k, NVME, 'ioctl', [obeying(k)])
      for (let n = 0; n < 4; n++) {
        wait(k, 0.3)
        b.fault(k, GPU, m.iova + n * 64)
      }
      end(k)
    },
    violated: [`use-after-revoke 11 ${GPU}`],
  },
  {
    name: 'use after revoke after the device was closed and the buffer released',
    run: (k) => {
      begin(k)
      v.close(k, NVME, [obeying(k)])
      wait(k, 1)
      b.detach(k, att)
      b.release(k, buf)
      wait(k, 1)
      b.fault(k, GPU, m.iova + 0x1000)
      wait(k, 0.1)
    },
    violated: [`use-after-revoke 11 ${GPU}`],
  },
  {
    name: 'a fault inside the new mapping of the same address belongs to that one',
    run: (k) => {
      begin(k)
      v.revokeAndReset(k, NVME, 'ioctl', [obeying(k)])
      b.map(k, m)
      wait(k, 0.5)
      b.fault(k, GPU, m.iova + 0x40)
      wait(k, 0.1)
      end(k, m, true)
    },
  },
  {
    name: 'a fault just past the end of the mapping is not its',
    run: (k) => {
      begin(k)
      v.revokeAndReset(k, NVME, 'ioctl', [obeying(k)])
      wait(k, 0.5)
      b.fault(k, GPU, m.iova + m.length)
      b.fault(k, EDU, m.iova)
      wait(k, 0.1)
      end(k)
    },
  },
  {
    name: 'close while mapped: revoked for good, map and attach after it refused',
    run: (k) => {
      begin(k)
      v.close(k, NVME, [obeying(k)])
      wait(k, 0.1)
      b.mapFailed(k, m, 19)
      b.detach(k, att)
      b.attachRefused(k, att, 19)
      b.release(k, buf)
    },
    revocations: ['11 close permanent gone clean'],
  },
  {
    name: 'a map succeeds after the close',
    run: (k) => {
      begin(k)
      v.close(k, NVME, [obeying(k)])
      wait(k, 0.1)
      b.map(k, m)
      wait(k, 0.1)
      b.unmap(k, m)
      b.detach(k, att)
      b.release(k, buf)
    },
    violated: [`use-after-permanent-revoke 11 ${GPU}`],
  },
  {
    name: 'memory disabled, then closed: nothing is revoked twice',
    shown: RB,
    run: (k) => {
      begin(k)
      v.revoke(k, NVME, 'command', [obeying(k)])
      wait(k, 0.5)
      v.close(k, NVME)
      b.mapFailed(k, m, 19)
      b.detach(k, att)
      b.release(k, buf)
    },
    resets: [OPEN, CLOSE],
  },
  {
    name: 'a buffer born revoked, attached and mapped once memory is on',
    run: (k) => {
      v.resetFunction(k, NVME, 'open')
      b.exportBuffer(k, buf)
      b.attachRefused(k, att, 19)
      v.restore(k, NVME, 'command', [buf])
      b.attach(k, att)
      b.map(k, m)
      v.revokeAndReset(k, NVME, 'ioctl', [obeying(k)])
      end(k)
    },
    revocations: ['11 flr transient restored clean'],
  },
  {
    name: 'memory off and on again, re-mapped',
    shown: RB,
    run: (k) => {
      begin(k)
      v.revoke(k, NVME, 'command', [obeying(k)])
      b.mapFailed(k, m, 19)
      wait(k, 0.3)
      v.restore(k, NVME, 'command', [buf])
      b.map(k, m)
      wait(k, 0.3)
      end(k, m, true)
    },
    revocations: ['11 memory-disable transient restored clean'],
    resets: [OPEN, CLOSE],
  },
  ...(['power', 'runtime'] as const).map(
    (way): Case => ({
      name: `D3 through ${way}`,
      shown: RB,
      run: (k) => {
        begin(k)
        v.revoke(k, NVME, way, [obeying(k)])
        wait(k, 2)
        v.restore(k, NVME, way, [buf])
        b.map(k, m)
        end(k, m, true)
      },
      revocations: ['11 power transient restored clean'],
      resets: [OPEN, CLOSE],
    }),
  ),
  {
    name: 'FLR bit in config space',
    shown: RB,
    run: (k) => {
      begin(k)
      v.revokeAndReset(k, NVME, 'flrBit', [obeying(k)])
      end(k)
    },
    revocations: ['11 flr transient restored clean'],
    resets: [OPEN, `${NVME} flr config-write 0 clean`, CLOSE],
  },
  {
    name: 'AF FLR',
    shown: R,
    run: (k) => {
      begin(k)
      v.revokeAndReset(k, NVME, 'afFlr', [obeying(k)], { method: 'af' })
      end(k)
    },
    revocations: ['11 reset transient restored clean'],
    resets: [OPEN, `${NVME} af-flr config-write 0 clean`, CLOSE],
  },
  {
    name: 'PM reset through the ioctl',
    shown: RB,
    run: (k) => {
      begin(k)
      v.revokeAndReset(k, NVME, 'ioctl', [obeying(k)], { method: 'pm' })
      end(k)
    },
    revocations: ['11 reset transient restored clean'],
    resets: [OPEN, `${NVME} pm ioctl 0 clean`, CLOSE],
  },
  {
    name: 'the reset returns -EAGAIN: nothing was touched',
    shown: RB,
    run: (k) => {
      begin(k)
      v.revokeAndReset(k, NVME, 'ioctl', [obeying(k)], { ret: -11 })
      end(k)
    },
  },
  {
    name: 'a sysfs reset refused with -EAGAIN while mapped touched nothing',
    shown: R,
    run: (k) => {
      begin(k)
      v.resetFunction(k, NVME, 'sysfs', { ret: -11 })
      end(k, m, true)
    },
  },
  {
    name: 'a sysfs reset without a method: -ENOTTY, the mapped device was not reset',
    shown: R,
    run: (k) => {
      begin(k)
      v.resetFunction(k, NVME, 'sysfs', { ret: -25, method: 'none' })
      end(k, m, true)
    },
  },
  {
    name: 'sysfs reset while mapped',
    shown: RB,
    run: (k) => {
      begin(k)
      v.resetFunction(k, NVME, 'sysfs')
      wait(k, 0.1)
      end(k, m, true)
    },
    violated: [`reset-while-mapped 11 ${GPU}`, 'reset-without-revoke 11 -'],
  },
  {
    name: 'sysfs reset while attached, nothing mapped',
    shown: RB,
    run: (k) => {
      begin(k)
      b.unmap(k, m)
      v.resetFunction(k, NVME, 'sysfs')
      end(k)
    },
    violated: ['reset-without-revoke 11 -'],
  },
  {
    name: 'sysfs reset with a buffer exported and nobody attached',
    shown: RB,
    run: (k) => {
      v.open(k, NVME)
      b.exportBuffer(k, buf)
      v.resetFunction(k, NVME, 'sysfs')
      b.release(k, buf)
      v.close(k, NVME)
    },
    violated: ['reset-without-revoke 11 -'],
  },
  {
    name: 'sysfs reset while memory is off and the buffer therefore revoked',
    run: (k) => {
      begin(k)
      v.revoke(k, NVME, 'command', [obeying(k)])
      wait(k, 0.1)
      v.resetFunction(k, NVME, 'sysfs')
      wait(k, 0.1)
      v.restore(k, NVME, 'command', [buf])
      end(k)
    },
  },
  {
    name: 'sysfs reset after the last buffer is gone',
    run: (k) => {
      begin(k)
      b.unmap(k, m)
      b.detach(k, att)
      b.release(k, buf)
      v.resetFunction(k, NVME, 'sysfs')
      v.close(k, NVME)
    },
  },
  {
    name: 'sysfs bus reset while mapped',
    shown: R,
    run: (k) => {
      begin(k)
      v.resetFunction(k, NVME, 'sysfs', { method: 'none' })
      end(k, m, true)
    },
    violated: [`reset-while-mapped 11 ${GPU}`, 'reset-without-revoke 11 -'],
  },
  {
    name: 'a map succeeds while revoked',
    run: (k) => {
      begin(k)
      v.revoke(k, NVME, 'command', [obeying(k)])
      wait(k, 0.1)
      b.map(k, m)
      wait(k, 0.1)
      b.unmap(k, m)
      v.restore(k, NVME, 'command', [buf])
      end(k)
    },
    violated: [`map-while-revoked 11 ${GPU}`],
  },
  {
    name: 'an attach succeeds while revoked',
    run: (k) => {
      begin(k)
      v.revoke(k, NVME, 'command', [obeying(k)])
      wait(k, 0.1)
      const second = attachment(buf, dbtest(), '0xffff889ac63c8e00')
      b.attach(k, second)
      wait(k, 0.1)
      v.restore(k, NVME, 'command', [buf])
      b.detach(k, second)
      end(k)
    },
    violated: [`attach-while-revoked 11 ${EDU}`],
  },
  {
    name: 'markers are no evidence',
    run: (k) => {
      begin(k)
      v.revokeAndReset(k, NVME, 'ioctl', [obeying(k)])
      marker(k, `DMAR: [DMA Write NO_PASID] Request device [${GPU}] fault addr 0xffffc000 [fault reason 0x05]`)
      marker(k, `console: vfio-pci ${NVME}: resetting`)
      marker(k, `dbuf_map: (x+0x1/0x2 <- dma_buf_map_attachment) ino=11 attach=${att.pointer} dev="${GPU}"`)
      end(k)
    },
  },
]

import { describe, expect, it } from 'vitest'
import { attachment, mapping, NVME, virtgpu } from '../../scenarios/cast.ts'
import { doubts, play, resets, violations } from '../../scenarios/judge.ts'
import * as b from '../../scenarios/kernel-buffers.ts'
import { as, type Ledger, wait } from '../../scenarios/kernel-lines.ts'
import * as v from '../../scenarios/kernel-vfio.ts'

/** iommufd's mapping shows by its translation alone, and one address exists in every address space. */
const buffer = b.buffer(11, 'vfio', NVME)
const iommufd = attachment(
  buffer,
  {
    device: 'iommu',
    ops: '0xffffffffc0e788a0',
    callback: 'iopt_revoke_notify',
    p2p: true,
    caller: 'iopt_map_dmabuf+0x9e/0x1b0 [iommufd]',
    mapper: '',
  },
  '0xffff889ac63cc300',
)
const gpu = mapping(attachment(buffer, virtgpu))
const IOVA = gpu.iova
const LENGTH = buffer.size
const NIC = { comm: 'napi/eth0-9', pid: 44, cpu: 1 }

function begin(k: Ledger): void {
  v.open(k, NVME)
  b.exportBuffer(k, buffer)
  b.attach(k, iommufd)
  b.pin(k, iommufd)
  b.iommuMap(k, IOVA, LENGTH)
  wait(k, 0.01)
}

function end(k: Ledger): void {
  b.unpin(k, iommufd)
  b.detach(k, iommufd)
  b.release(k, buffer)
  v.close(k, NVME)
}

const OPEN = `${NVME} flr open 0 clean`
const CLOSE = `${NVME} flr close 0 clean`

describe('a mapping of iommufd', () => {
  it('is gone when its only translation is', async () => {
    const folded = await play((k) => {
      begin(k)
      b.iommuUnmap(k, IOVA, LENGTH)
      v.resetFunction(k, NVME, 'sysfs')
      end(k)
    })
    expect(resets(folded)).toEqual([OPEN, `${NVME} flr sysfs 0 violated`, CLOSE])
    expect(violations(folded)).toEqual(['reset-without-revoke 11 -'])
    expect(doubts(folded)).toEqual([])
  })

  it('may live on in the second of two domains', async () => {
    const folded = await play((k) => {
      begin(k)
      b.iommuMap(k, IOVA, LENGTH)
      b.iommuUnmap(k, IOVA, LENGTH)
      v.resetFunction(k, NVME, 'sysfs')
      b.iommuUnmap(k, IOVA, LENGTH)
      end(k)
    })
    expect(doubts(folded)).toEqual(['reset-while-mapped 11 iommu'])
    expect(violations(folded)).toEqual(['reset-without-revoke 11 -'])
  })

  it('is not taken down for certain by another device that unmaps the same address', async () => {
    const folded = await play((k) => {
      begin(k)
      as(k, NIC, () => {
        b.iommuMap(k, IOVA, 4096)
        b.iommuUnmap(k, IOVA, 4096)
      })
      v.resetFunction(k, NVME, 'sysfs')
      b.iommuUnmap(k, IOVA, LENGTH)
      end(k)
    })
    expect(doubts(folded)).toEqual(['reset-while-mapped 11 iommu'])
    expect(folded.findings.find((f) => f.rule === 'reset-while-mapped')?.missing).toMatch(/address spaces/)
  })

  it('nor by one that had mapped it before', async () => {
    const folded = await play((k) => {
      as(k, NIC, () => b.iommuMap(k, IOVA, 4096))
      begin(k)
      as(k, NIC, () => b.iommuUnmap(k, IOVA, 4096))
      v.resetFunction(k, NVME, 'sysfs')
      b.iommuUnmap(k, IOVA, LENGTH)
      end(k)
    })
    expect(doubts(folded)).toEqual(['reset-while-mapped 11 iommu'])
  })

  it('ends in the revoke whoever else has the address', async () => {
    const folded = await play((k) => {
      begin(k)
      as(k, NIC, () => b.iommuMap(k, IOVA, 4096))
      v.revokeAndReset(k, NVME, 'ioctl', [{ buffer, told: () => b.iommuUnmap(k, IOVA, LENGTH) }])
      end(k)
    })
    expect(resets(folded)).toEqual([OPEN, `${NVME} flr ioctl 0 clean`, CLOSE])
    expect(violations(folded)).toEqual([])
    expect(doubts(folded)).toEqual([])
  })

  it.each(['before', 'after'])(
    'shares its address with a known mapping made %s it, whose unmap is told',
    async (when) => {
      const folded = await play((k) => {
        const known = (): void => {
          b.attach(k, gpu.attachment)
          b.map(k, gpu)
        }
        v.open(k, NVME)
        b.exportBuffer(k, buffer)
        if (when === 'before') known()
        b.attach(k, iommufd)
        b.pin(k, iommufd)
        b.iommuMap(k, IOVA, LENGTH)
        if (when === 'after') known()
        b.iommuUnmap(k, IOVA, LENGTH)
        v.resetFunction(k, NVME, 'sysfs')
        b.unmap(k, gpu)
        b.detach(k, gpu.attachment)
        end(k)
      })
      expect(violations(folded)).toEqual([`reset-while-mapped 11 ${virtgpu.device}`, 'reset-without-revoke 11 -'])
      expect(doubts(folded)).toEqual([])
    },
  )
})

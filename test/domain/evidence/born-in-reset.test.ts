import { expect, it } from 'vitest'
import { attachment, GPU, mapping, mlx5, NVME, virtgpu } from '../../scenarios/cast.ts'
import { play, resets, violations } from '../../scenarios/judge.ts'
import * as b from '../../scenarios/kernel-buffers.ts'
import { as } from '../../scenarios/kernel-lines.ts'
import * as v from '../../scenarios/kernel-vfio.ts'

it('counts what is exported and mapped in the middle of a reset as live in it, though the device is revoked', async () => {
  const first = mapping(attachment(b.buffer(11, 'vfio', NVME), virtgpu))
  const late = b.buffer(14, 'vfio', NVME)
  const held = mapping(attachment(late, mlx5, '0xffff889ac63ca900'), 0xfff00000, '0xffff889ac101c170')
  const folded = await play((k) => {
    v.open(k, NVME)
    b.exportBuffer(k, first.attachment.buffer)
    b.attach(k, first.attachment)
    b.map(k, first)
    v.revoke(k, NVME, 'ioctl', [{ buffer: first.attachment.buffer, told: () => b.unmap(k, first) }])
    const inside = (): void =>
      as(k, { comm: 'vmm', pid: 300, cpu: 1 }, () => {
        b.exportBuffer(k, late)
        b.attach(k, held.attachment)
        b.map(k, held)
      })
    v.resetFunction(k, NVME, 'ioctl', { inside })
    v.restore(k, NVME, 'ioctl', [first.attachment.buffer])
    b.unmap(k, held)
  })
  expect(resets(folded)[1]).toBe(`${NVME} flr ioctl 1 violated`)
  expect(violations(folded)).toEqual([`reset-while-mapped 14 ${mlx5.device}`])
  expect(violations(folded).join()).not.toContain(GPU)
})

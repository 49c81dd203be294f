import { describe, expect, it } from 'vitest'
import { readIommuRange } from '../../../src/domain/recognise/tracepoints.ts'
import { recognised } from '../../support/recognised.ts'

describe('native dma_buf events', () => {
  it.each([
    [
      'dma_buf_export',
      'exp_name=vfio_pci_core size=16777216 ino=12',
      { type: 'export', exporter: 'vfio_pci_core', size: '16777216', ino: '12' },
    ],
    ['dma_buf_fd', 'exp_name=system size=4096 ino=12 fd=41', { type: 'fd', fd: '41' }],
    [
      'dma_buf_get',
      'exp_name=two words size=9 size=4096 ino=12 fd=3',
      { type: 'get', exporter: 'two words size=9', size: '4096' },
    ],
    ['dma_buf_mmap', 'exp_name=drm size=4096 ino=12', { type: 'cpu-map', ino: '12' }],
    ['dma_buf_get', 'exp_name=drm size=4096 ino=12 fd=-1', { type: 'get', ino: '12', fd: '-1' }],
    ['dma_buf_fd', 'exp_name=a size=1 size=4096 ino=12 fd=41', { exporter: 'a size=1', ino: '12', fd: '41' }],
    // Vendors' kernels print more.
    ['dma_buf_fd', 'exp_name=drm size=4096 ino=12 fd=41 flags=2', { ino: '12', fd: '41' }],
    [
      'dma_buf_detach',
      'exp_name=drm size=4096 ino=12 flags=3 attachment:00000000e5c005bd is_dynamic=1 dev_name=vgem b=2',
      { ino: '12', attachHashed: '0xe5c005bd', dynamic: '1', device: 'vgem' },
    ],
  ])('%s: %s', (name, payload, want) => {
    expect(recognised(name, payload)).toMatchObject(want)
  })

  it.each([
    ['00000000e5c005bd', '0xe5c005bd'],
    ['ffff889ac63c8300', '0xffff889ac63c8300'],
    ['0xffff8906c94e05c0', '0xffff8906c94e05c0'],
  ])('an attachment printed as %s', (printed, read) => {
    const payload = `exp_name=drm size=1 ino=2 attachment:${printed} is_dynamic=1 dev_name=mlx5_core.sf.4`
    expect(recognised('dma_buf_dynamic_attach', payload)).toMatchObject({
      type: 'attach',
      attachHashed: read,
      dynamic: '1',
      device: 'mlx5_core.sf.4',
    })
  })

  it('an attachment that early boot does not name', () => {
    const payload = 'exp_name=drm size=1 ino=2 attachment:(____ptrval____) is_dynamic=0 dev_name=vgem'
    expect(recognised('dma_buf_detach', payload)).not.toHaveProperty('attachHashed')
  })

  it('under the `fields` option', () => {
    const payload =
      'exp_name=vfio_pci_core dev_name=0000:02:00.0 size=0x10000 (65536) ino=0x7 (7) attach=0xffff889ac63c8300 (-13036) is_dynamic=(1)'
    expect(recognised('dma_buf_dynamic_attach', payload)).toMatchObject({
      ino: '7',
      size: '65536',
      attachHashed: '0xffff889ac63c8300',
      dynamic: '1',
      device: '0000:02:00.0',
    })
  })

  it.each([
    // Cut within the inode, or before it: the name looks like another event's field.
    ['dma_buf_fd', 'exp_name=a fd=b size=40967'],
    ['dma_buf_fd', 'exp_name=system size=4096'],
    ['dma_buf_fd', 'exp_name=system size=4096 ino='],
    ['dma_buf_fd', ''],
    ['dma_buf_export', 'exp_name=system size=4096 ino=12x'],
    ['map', 'IOMMU'],
  ])('%s: %s names no buffer and no range', (name, payload) => {
    expect(recognised(name, payload)?.ino ?? '').toBe('')
  })

  it('is not the function of that name, as its tracer prints it', () => {
    expect(recognised('dma_buf_export', '<-system_heap_allocate')).toBeNull()
  })
})

describe('other native events', () => {
  it.each([
    [
      'dma_fence_signaled',
      'driver=a=b timeline=c d context=7 seqno=9',
      { type: 'fence', detail: 'signaled', context: '7', seqno: '9' },
    ],
    [
      'fence_signaled',
      'driver=radeon timeline=radeon.gfx context=1 seqno=2',
      { type: 'fence', detail: 'signaled', context: '1' },
    ],
    ['dma_fence_wait_end', 'driver=a timeline=b context=7 seqno=9', { type: 'fence-wait' }],
    [
      'io_page_fault',
      'IOMMU:vfio-pci 0000:c2:00.0 iova=0x0000000000100800 flags=0x0001',
      { type: 'fault', device: '0000:c2:00.0', iova: '0x0000000000100800', direction: 'write' },
    ],
    ['map', 'IOMMU: iova=0x00000000ffff4000 - 0x00000000ffff8000 paddr=0x1 size=16384', { type: 'iommu-map' }],
    [
      'unmap',
      'IOMMU: iova=0x00000000ffff4000 - 0x00000000ffff8000 size=16384 unmapped_size=16384',
      { type: 'iommu-unmap' },
    ],
    ['sched_process_exit', 'comm=tool pid=243 prio=120', { type: 'process', state: '243' }],
    ['tracing_mark_write', 'dbuf_map: (x+0x1/0x2 <- dma_buf_map_attachment)', { type: 'marker' }],
    ['bprint', 'anything', { type: 'marker' }],
  ])('%s: %s', (name, payload, want) => {
    expect(recognised(name, payload)).toMatchObject(want)
  })

  it.each(['sched_switch', 'labimp_invalidate', 'hrtimer_start'])('%s means nothing here', (name) => {
    expect(recognised(name, 'a=1')).toBeNull()
  })
})

describe('fences', () => {
  it('of a timeline whose name has fields in it', () => {
    const payload = 'driver=two words timeline=c context=1 seqno=2 context=37 seqno=49'
    expect(recognised('dma_fence_signaled', payload)).toEqual({
      ...{ type: 'fence', point: 'event', fresh: true, detail: 'signaled', context: '37', seqno: '49' },
    })
  })
})

describe('page faults', () => {
  const fault = { type: 'fault', point: 'event', fresh: true, device: '0000:c2:00.0', iova: '0x0000000000100800' }
  it.each([
    ['IOMMU:vfio-pci 0000:c2:00.0 iova=0x0000000000100800 flags=0x0000', 'read'],
    ['IOMMU:vfio-pci 0000:c2:00.0 iova=0x0000000000100800 flags=0x0010', 'read'],
    ['IOMMU:vfio-pci 0000:c2:00.0 iova=0x0000000000100800 flags=0x0011', 'write'],
    ['device=0000:c2:00.0 driver=vfio-pci iova=1050624 flags=1', 'write'],
    ['device=0000:c2:00.0 driver=vfio-pci iova=1050624 flags=10', 'read'],
    ['device=0000:c2:00.0 driver=vfio-pci iova=0x100800 (1050624) flags=(1)', 'write'],
    ['device=0000:c2:00.0 driver=vfio-pci iova=0x100800 (1050624) flags=(0)', 'read'],
    ['device=0000:c2:00.0 driver=vfio-pci iova=0x100800 (1050624) flags=0x11 (17)', 'write'],
    ['device=0000:c2:00.0 driver=vfio-pci iova=0x100800 (1050624) flags=0x11', 'write'],
    ['device=0000:c2:00.0 driver=vfio-pci iova=0x100800 (-1050624) flags=0x10 (16)', 'read'],
  ])('%s', (payload, direction) => {
    expect(recognised('io_page_fault', payload)).toEqual({ ...fault, direction })
  })

  it.each([
    '',
    'IOMMU:vfio-pci 0000:c2:00.0 iova=',
    'x device=0000:c2:00.0 driver=vfio-pci iova=1 flags=1',
    'device=0000:c2:00.0 driver=vfio-pci iova=1 flags=1 more=1',
    'x IOMMU:vfio-pci 0000:c2:00.0 iova=0x0000000000100800 flags=0x0000',
  ])('are told of even where the line does not say which: %s', (payload) => {
    expect(recognised('io_page_fault', payload)).toEqual({ type: 'fault', point: 'event', fresh: true })
  })
})

describe('devices of the DMA API and of domains', () => {
  it.each([
    ['dma_map_sg', '0000:02:00.0 dir=TO_DEVICE dma_addrs=0xffff0000', '0000:02:00.0'],
    ['dma_unmap_sg', 'device=mlx5_core.sf.4 dir=0', 'mlx5_core.sf.4'],
    ['dma_map_sg', '', undefined],
    ['dma_map_sg', ' dir=TO_DEVICE', undefined],
    ['attach_device_to_domain', 'IOMMU: device=0000:02:00.0', '0000:02:00.0'],
    ['add_device_to_group', 'IOMMU: groupID=3 device=0000:02:00.0', '0000:02:00.0'],
    ['attach_device_to_domain', 'IOMMU: ', undefined],
  ])('%s: %s', (name, payload, device) => {
    const act = recognised(name, payload)
    expect(act?.point).toBe('event')
    expect(act?.device).toBe(device)
  })
})

describe('ranges of the IOMMU', () => {
  it.each([
    ['IOMMU: iova=0x0000000000001000 - 0x0000000000003000 paddr=0x0000000000008000 size=4096', 0x1000n, 0x2000n],
    ['IOMMU: iova=0x0000000000001000 - 0x0000000000003000 ', 0x1000n, 0x2000n],
    // Before 5.13.
    ['IOMMU: iova=0x0000000000001000 paddr=0x0000000000008000 size=8192', 0x1000n, 0x2000n],
    ['IOMMU: iova=0x0000000000001000 size=8192 unmapped_size=4096', 0x1000n, 0x2000n],
    ['IOMMU: iova=0x0000000000001000 size=0x2000 (8192) unmapped_size=0x1000 (4096)', 0x1000n, 0x2000n],
    ['IOMMU: iova=0x0000000000001000 paddr=0x00', 0x1000n, null],
  ])('%s', (payload, iova, length) => {
    expect(readIommuRange(payload)).toEqual({ iova, length })
  })

  it.each(['', 'IOMMU: ', 'IOMMU: iova=0x1000', 'x IOMMU: iova=0x1000 - 0x2000 paddr=0x1'])('%s is none', (payload) => {
    expect(readIommuRange(payload)).toBeNull()
  })
})

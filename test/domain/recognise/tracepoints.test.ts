import { describe, expect, it } from 'vitest'
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

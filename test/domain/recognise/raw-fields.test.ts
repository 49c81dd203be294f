import { describe, expect, it } from 'vitest'
import { plainNumber, readRawHead } from '../../../src/domain/recognise/raw-fields.ts'
import { recognised } from '../../support/recognised.ts'

describe('fields without their format', () => {
  it.each([
    [
      'dma_buf_dynamic_attach',
      'dev_name=vgem exp_name=a size=1 ino=2 size=65536 ino=53 attach=0xffff8906c1637040 is_dynamic=0',
      { type: 'attach', device: 'vgem', exporter: 'a size=1 ino=2', size: '65536', ino: '53', dynamic: '0' },
    ],
    ['dma_buf_fd', 'exp_name=system size=0x1000 (4096) ino=0x7 (7) fd=0x4 (4)', { type: 'fd', ino: '7', fd: '4' }],
    [
      'map',
      'iova=0x00000000ffbf0000 paddr=0x00000001093f0000 size=65536',
      {
        type: 'iommu-map',
        text: 'IOMMU: iova=0x00000000ffbf0000 - 0x00000000ffc00000 paddr=0x00000001093f0000 size=65536',
      },
    ],
    [
      'unmap',
      'iova=0xffbf0000 (4290707456) size=0x10000 (65536) unmapped_size=0x10000 (65536)',
      {
        type: 'iommu-unmap',
        text: 'IOMMU: iova=0x00000000ffbf0000 - 0x00000000ffc00000 size=65536 unmapped_size=65536',
      },
    ],
    ['dma_map_sg', '[FAILED TO PARSE] device=0000:02:00.0 full_nents=1', { type: 'dma-map', device: '0000:02:00.0' }],
    ['dma_unmap_sg', 'device=edu addrs=ARRAY[00, 00] dir=0 attrs=0x0', { type: 'dma-unmap', device: 'edu' }],
    ['aer_event', 'dev_name=0000:01:00.0 status=0x4000', { type: 'device-error', device: '0000:01:00.0' }],
    ['pci_hp_event', 'port_name=0000:00:1c.0 slot=1 event=0', { type: 'device-error', device: '0000:00:1c.0' }],
    [
      'io_page_fault',
      'device=0000:c2:00.0 driver=vfio-pci iova=0x100800 (1050624) flags=0x1 (1)',
      { type: 'fault', device: '0000:c2:00.0', iova: '0x0000000000100800', direction: 'write' },
    ],
    [
      'io_page_fault',
      'device=0000:c2:00.0 driver=vfio-pci iova=0x0000000000100800 flags=0',
      { type: 'fault', device: '0000:c2:00.0', iova: '0x0000000000100800', direction: 'read' },
    ],
    ['dma_fence_signaled', 'driver=a timeline=b context=0x1 (1) seqno=0x24 (36)', { context: '1', seqno: '36' }],
    [
      'sched_process_exit',
      'comm=tool pid=0x7 (7) prio=0x78 (120)',
      { type: 'process', detail: 'sched_process_exit', state: '7' },
    ],
    [
      'console',
      'msg=vfio-pci 0000:01:00.0: resetting',
      { type: 'reset', detail: 'resetting', device: '0000:01:00.0', text: 'vfio-pci 0000:01:00.0: resetting' },
    ],
  ])('%s: %s', (name, payload, want) => {
    expect(recognised(name, payload)).toMatchObject(want)
  })

  it('somebody else may call an event map', () => {
    expect(recognised('map', 'iova=0x1000 size=4096')).toBeNull()
    expect(recognised('map', '__probe_ip=0xffffffff94b7e914 iova=0x1000 paddr=0x2000 size=4096')).toBeNull()
  })
})

/** Names of exporters may look like the fields that follow them: only the whole form tells where they end. */
describe('an exporter whose name has fields in it', () => {
  const exporter = 'a size=1 ino=2'
  it.each([
    ['dma_buf_export', 'size=65536 ino=53', {}],
    ['dma_buf_export', 'size=0x10000 (65536) ino=0x35 (53)', {}],
    ['dma_buf_fd', 'size=65536 ino=53 fd=41', { fd: '41' }],
    ['dma_buf_fd', 'size=0x10000 (65536) ino=0x35 (53) fd=0x29 (41)', { fd: '41' }],
    ['dma_buf_fd', 'size=0x10000 (65536) ino=0x35 (53) fd=0xfffffff7 (-9)', { fd: '-9' }],
    ['dma_buf_fd', 'size=0x10000 (65536) ino=0x35 (53) fd=41', { fd: '41' }],
    ['dma_buf_fd', 'size=(5) ino=(7) fd=(4)', { size: '5', ino: '7', fd: '4' }],
  ])('%s: %s', (name, payload, want) => {
    const act = recognised(name, `exp_name=${exporter} ${payload}`)
    expect(act).toMatchObject({ exporter, size: '65536', ino: '53', ...want })
    expect(act).not.toHaveProperty('device')
  })

  it.each([
    ['attach=0xff1ea145844e57e0 is_dynamic=1', '1'],
    ['attach=0xff1ea145844e57e0 is_dynamic=(1)', '1'],
    ['attach=0xff1ea145844e57e0 (13036) is_dynamic=0', '0'],
    ['attach=0xff1ea145844e57e0 (-13036) is_dynamic=(0)', '0'],
  ])('%s', (payload, dynamic) => {
    for (const size of ['size=65536 ino=53', 'size=0x10000 (65536) ino=0x35 (53)'])
      expect(recognised('dma_buf_detach', `dev_name=vgem x exp_name=${exporter} ${size} ${payload}`)).toEqual({
        ...{ type: 'detach', point: 'event', fresh: true, device: 'vgem x', exporter },
        ...{ size: '65536', ino: '53', attachHashed: '0xff1ea145844e57e0', dynamic },
      })
  })

  it.each([
    `flags=1 exp_name=${exporter} size=65536 ino=53`,
    `exp_name=${exporter} size=65536 ino=53 flags=1`,
    `exp_name=${exporter} size=0x10000 (65536) ino=0x35 (53) fd=0x29 (41) flags=1`,
    `dev_name=vgem exp_name=${exporter} size=65536 ino=53 fd=41`,
    `exp_name=${exporter} size=65536 ino=53 attach=0xff1ea145844e57e0 is_dynamic=1`,
  ])('ends with the first of them in a form that no kernel has: %s', (payload) => {
    expect(recognised('dma_buf_fd', payload)).toMatchObject({ exporter: 'a', size: '1', ino: '2' })
  })

  it('is told however often it seems to begin', () => {
    const long = `dev_name=${' exp_name=a size=1 ino=2'.repeat(4000)} x`
    expect(recognised('dma_buf_detach', long)).toMatchObject({ exporter: 'a', size: '1', ino: '2' })
  })
})

describe('a raw number', () => {
  it.each([
    ['0x10000 (65536)', '65536'],
    ['0xfffffff7 (-9)', '-9'],
    ['(0)', '0'],
    ['65536', '65536'],
    ['0x10000', '0x10000'],
    ['(5) x', '(5) x'],
    ['(x)', '(x)'],
  ])('%s', (printed, number) => {
    expect(plainNumber(printed)).toBe(number)
  })
})

describe('the head of raw fields', () => {
  const none = { module: null, caller: null, callerModule: null }
  it.each([
    ['__probe_ip=0xffffffff94b7dda4 fd=9', { point: 'entry', name: '0xffffffff94b7dda4', end: 30 }],
    ['__probe_vip=0x55d0a1b2c3d4', { point: 'entry', name: '0x55d0a1b2c3d4', end: 26 }],
    ['__probe_vaddr=0x55d0a1b2c3d4 a=1', { point: 'entry', name: '0x55d0a1b2c3d4', end: 29 }],
    [
      '__probe_func=0xffffffff94b7dda4 __probe_ret_ip=0xffffffff94b7dda5 fd=9',
      { point: 'return', name: '0xffffffff94b7dda4', end: 66 },
    ],
  ])('%s', (payload, want) => {
    expect(readRawHead(payload)).toEqual({ ...none, ...want })
  })

  it.each(['__probe_type=1 fd=9', '__probe_nr __probe_ip=0x1 fd=9', '__probe_func=0x1 fd=9', '__probe_'])(
    '%s is none',
    (payload) => {
      expect(readRawHead(payload)).toBeNull()
    },
  )
})

describe('probes whose function is an address', () => {
  const attach = 'attach=0xff1ea145844e57e0'

  it.each([
    ['dma_buf_export', '(ffffffff94b7e914 <- ffffffff94b8634b) dmabuf=0xff1ea14584c8e800 ino=91'],
    ['dma_buf_get', '(ffffffff94b7dda4) fd=9'],
    ['dma_buf:dma_buf_get', '(ffffffff94b7dda4) fd=9'],
    ['dma_buf_get', '__probe_ip=0xffffffff94b7dda4 fd=9'],
    ['dma_buf_get', '__probe_func=0xffffffff94b7dda4 __probe_ret_ip=0xffffffff94b7dda5 fd=9'],
    ['dma_buf_get', '[FAILED TO PARSE] __probe_ip=0xffffffff94b7dda4 fd=9'],
  ])('%s: %s is not the event of that name', (name, payload) => {
    expect(recognised(name, payload)).toBeNull()
  })

  it.each([
    ['dbuf_unmap', `(ffffffff94b7edb4) ${attach}`, { type: 'unmap', point: 'entry' }],
    ['dbuf:dbuf_unmap', `(ffffffff94b7edb4) ${attach}`, { type: 'unmap', point: 'entry' }],
    ['dbuf_unmap_ret', `(ffffffff94b7edb4 <- ffffffff94b7edb5) ${attach}`, { type: 'unmap', point: 'return' }],
    ['dbuf_unmap', `__probe_ip=0xffffffff94b7edb4 ${attach}`, { type: 'unmap', point: 'entry' }],
    [
      'dbuf_unmap_ret',
      `__probe_func=0xffffffff94b7edb4 __probe_ret_ip=0xffffffff94b7edb5 ${attach}`,
      { type: 'unmap', point: 'return' },
    ],
  ])('%s: %s keeps the meaning of the recipe', (name, payload, want) => {
    const fn = 'dma_buf_unmap_attachment'
    const act = recognised(name, payload)
    expect(act).toMatchObject({ ...want, fn, attach: '0xff1ea145844e57e0', recipe: true })
    expect(act).not.toHaveProperty('caller')
  })

  it('a reset of the recipe is the one that the recipe probes', () => {
    expect(
      recognised('pcirst:pcirst_flr_ret', '(ffffffff94b7e914 <- ffffffff94b8634b) dev="0000:01:00.0" ret=0'),
    ).toMatchObject({
      ...{ type: 'reset', point: 'return', fn: 'pcie_flr', device: '0000:01:00.0', ret: '0' },
    })
    const own = ['pcirst_mine', 'pcirst_mine_ret'].map((name, i) =>
      recognised(name, i === 0 ? '(ffffffff94b7e914) dev="edu"' : '(ffffffff94b7e914 <- ffffffff94b8634b) dev="edu"'),
    )
    // Both name the function, so that one ends what the other began.
    expect(own.map((act) => [act?.type, act?.point, act?.fn])).toEqual([
      ['reset', 'entry', 'ffffffff94b7e914'],
      ['reset', 'return', 'ffffffff94b7e914'],
    ])
  })
})

describe('the group of an event', () => {
  it.each([
    ['iommu:map', 'IOMMU: iova=0x00000000ffff4000 - 0x00000000ffff8000 paddr=0x1 size=16384', 'iommu-map'],
    ['dma_buf:dma_buf_put', 'exp_name=system size=4096 ino=1', 'put'],
    ['dma_fence:dma_fence_init', 'driver=a timeline=b context=1 seqno=2', 'fence'],
    ['fence:fence_init', 'driver=a timeline=b context=1 seqno=2', 'fence'],
    ['dma_fence:dma_fence_wait_start', 'driver=a timeline=b context=1 seqno=2', 'fence-wait'],
    ['fence:fence_wait_start', 'driver=a timeline=b context=1 seqno=2', 'fence-wait'],
    ['iommu:unmap', 'IOMMU: iova=0x0000000000001000 - 0x0000000000002000 size=4096 unmapped_size=4096', 'iommu-unmap'],
    ['iommu:attach_device_to_domain', 'IOMMU: device=0000:02:00.0', 'iommu-domain'],
    ['iommu:io_page_fault', 'IOMMU:vfio-pci 0000:c2:00.0 iova=0x0000000000100800 flags=0x0001', 'fault'],
    ['dma:dma_unmap_sg', '0000:02:00.0 dir=BIDIRECTIONAL', 'dma-unmap'],
    ['task:task_newtask', 'pid=7 comm=tool clone_flags=0 oom_score_adj=0', 'process'],
    ['pci:pci_hp_event', '0000:00:1c.0 slot:1, event:LINK_DOWN', 'device-error'],
    ['bpf_trace:bpf_trace_printk', 'hello', 'marker'],
    ['dma:dma_map_sg', '0000:02:00.0 dir=BIDIRECTIONAL', 'dma-map'],
    ['printk:console', 'hello', 'console'],
    ['ras:aer_event', '0000:01:00.0 PCIe Bus Error: severity=Fatal', 'device-error'],
    ['sched:sched_process_exit', 'comm=tool pid=7 prio=120', 'process'],
    ['ftrace:print', 'tracing_mark_write: dma_buf_put', 'marker'],
  ])('%s is the kernel’s own', (name, payload, type) => {
    expect(recognised(name, payload)?.type).toBe(type)
  })

  it.each([
    ['mygroup:map', 'IOMMU: iova=0x00000000ffff4000 - 0x00000000ffff8000 paddr=0x1 size=16384'],
    ['nouveau:dma_buf_put', 'exp_name=system size=4096 ino=1'],
    ['mydriver:console', 'vfio-pci 0000:01:00.0: resetting'],
    ['page-faults', ''],
    ['cycles:u', 'ffffffff81000000 foo ([kernel])'],
  ])('%s is not', (name, payload) => {
    expect(recognised(name, payload)).toBeNull()
  })

  it('a recogniser of the user’s own may name it or not', () => {
    const own = [{ event: 'labimp_start', as: 'access' as const, fields: { ino: 'ino' } }]
    expect(recognised('lab:labimp_start', 'ino=7', own)).toMatchObject({ type: 'access', ino: '7' })
    expect(recognised('lab:labimp_start', 'ino=7', [{ ...own[0]!, event: 'lab:labimp_start' }])?.type).toBe('access')
  })
})

describe('what anybody may write is no evidence', () => {
  const forged = '(dma_buf_unmap_attachment+0x4/0x10) attach=0xffff889ac63c8300 ino=4'

  it.each(['tracing_mark_write', 'print', 'bprint', 'bputs', 'bpf_trace_printk', '0', 'ftrace:print'])('%s', (name) => {
    expect(recognised(name, forged)).toEqual({ type: 'marker', point: 'event', fresh: true })
  })

  it.each(['funcgraph_entry', 'funcgraph_exit', 'function', 'kernel_stack'])('%s', (name) => {
    expect(recognised(name, '|  dma_buf_put() {')).toBeNull()
  })
})

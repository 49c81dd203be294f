import { describe, expect, it } from 'vitest'
import { asPointer } from '../../../src/domain/recognise/probe.ts'
import { recognised } from '../../support/recognised.ts'

describe('a probe is known by its function', () => {
  it.each([
    ['dma_buf_map_attachment', 'map'],
    ['dma_buf_unmap_attachment', 'unmap'],
    ['dma_buf_invalidate_mappings', 'invalidate'],
    ['dma_buf_move_notify', 'invalidate'],
    ['vfio_pci_dma_buf_move', 'device-move'],
    ['pcie_flr', 'reset'],
    ['dma_resv_wait_timeout', 'reservation-wait'],
    ['ib_umem_dmabuf_unsupported_move_notify', 'importer-callback'],
  ])('%s is a %s, at its entry and its return', (fn, type) => {
    expect(recognised('mine', `(${fn}+0x4/0x50)`)).toMatchObject({ type, point: 'entry', fn })
    expect(recognised('mine', `(a+0x1/0x2 <- ${fn})`)).toMatchObject({ type, point: 'return', fn, caller: 'a' })
  })

  it('though the compiler cloned it, here or in its caller', () => {
    expect(recognised('mine', '(dma_buf_detach.constprop.0+0x4/0x50) attach=0xffff888100000000')).toMatchObject({
      type: 'detach',
      fn: 'dma_buf_detach',
    })
    expect(recognised('mine', '(pcie_flr.part.0.isra.0+0x4/0x50)')).toMatchObject({ fn: 'pcie_flr' })
    expect(
      recognised('m', '(vfio_pci_dev_set_hot_reset.constprop.0+0x25f/0x2e0 [vfio_pci_core] <- vfio_pci_dma_buf_move)'),
    ).toMatchObject({ caller: 'vfio_pci_dev_set_hot_reset', callerModule: 'vfio_pci_core' })
  })

  it('though the caller is hidden by another kretprobe, or nameless, or printed with its address', () => {
    const hidden = recognised('mine', "([unknown/kretprobe'd] <- dma_buf_map_attachment) sgt=0xffff888100000000")
    expect(hidden).toMatchObject({ type: 'map', point: 'return', sgt: '0xffff888100000000' })
    expect(hidden).not.toHaveProperty('callerModule')
    expect(recognised('mine', '(0xffffffff81a848e0 <- dma_buf_pin) ret=0')).toMatchObject({ type: 'pin', ret: '0' })
    expect(recognised('mine', '(dma_buf_pin+0x4/0x30 <ffffffff81a848e0>) attach=0xffff888100000000')).toMatchObject({
      type: 'pin',
      attach: '0xffff888100000000',
    })
  })

  it('and not by the name that somebody gave it', () => {
    expect(recognised('dma_buf_detach', '(schedule+0x4/0x50) attach=0xffff888100000000')).toBeNull()
    expect(recognised('unmap', '(dma_buf_export+0x4/0x50)')).toMatchObject({ type: 'export' })
  })

  it('except under the names of the recording recipe, on functions nobody knows', () => {
    expect(recognised('dbuf_map', '(my_map+0x4/0x50 [mine]) attach=0xffff888100000000 sgt=0x0')).toMatchObject({
      type: 'map',
      point: 'return',
      recipe: true,
    })
    expect(recognised('pcirst_dbt', '(do_reset+0x4/0x50 [mine])')).toMatchObject({
      type: 'reset',
      point: 'entry',
      module: 'mine',
    })
    expect(recognised('pcirst_dbt_ret', '(ioctl+0x1/0x2 [mine] <- do_reset) ret=0')).toMatchObject({
      type: 'reset',
      point: 'return',
    })
    // A probe within the function, where it ends.
    expect(recognised('pcirst_dbt_ret', '(do_reset+0x4f/0x50 [mine]) ret=0')).toMatchObject({
      type: 'reset',
      point: 'return',
      fn: 'do_reset',
    })
    expect(recognised('dbuf_unheard_of', '(my_fn+0x4/0x50)')).toBeNull()
  })

  it('or as a callback of an importer', () => {
    expect(recognised('cb_mine', '(my_invalidate+0x4/0x60 [mine]) attach=0xffff888100000010')).toMatchObject({
      type: 'importer-callback',
      point: 'entry',
      fn: 'my_invalidate',
      attach: '0xffff888100000010',
    })
    expect(recognised('my_cb_', '(my_invalidate+0x4/0x60 [mine]) attach=0xffff888100000010')).toBeNull()
  })
})

describe('fields are known by name, by number, by look and place', () => {
  it.each([
    ['arg1=0xffff888100000010 arg2=0x1', { attach: '0xffff888100000010', direction: '0x1' }],
    ['a=0xffff888100000010 dir=2', { attach: '0xffff888100000010', direction: '2' }],
    ['victim=0xffff888100000010 wohin="0000:03:00.1"', { attach: '0xffff888100000010', device: '0000:03:00.1' }],
  ])('map entry with %s', (fields, want) => {
    expect(recognised('x', `(dma_buf_map_attachment+0x4/0x120) ${fields}`)).toMatchObject(want)
  })

  it('unmap: the pointers in the order of the parameters', () => {
    expect(
      recognised('x', '(dma_buf_unmap_attachment+0x4/0x80) eins=0xffff888100000010 zwei=0xffff888100000020'),
    ).toMatchObject({ attach: '0xffff888100000010', sgt: '0xffff888100000020' })
  })

  it('the return value under any name, as a pointer or a number', () => {
    expect(recognised('x', '(a+0x1/0x2 <- dma_buf_map_attachment) arg1=0xffff888100000030')).toMatchObject({
      sgt: '0xffff888100000030',
    })
    expect(recognised('x', '(a+0x1/0x2 <- dma_buf_map_attachment) err=-19')).toMatchObject({
      sgt: '0xffffffffffffffed',
    })
    expect(recognised('x', '(a+0x1/0x2 <- dma_buf_dynamic_attach) err=-95')).toMatchObject({
      attach: '0xffffffffffffffa1',
      ret: '-95',
    })
    expect(recognised('x', '(a+0x1/0x2 <- dma_buf_dynamic_attach) retval=0xffff888100000040')).toMatchObject({
      attach: '0xffff888100000040',
    })
  })

  it.each([
    ['0xffff888100000030', '0xffff888100000030'],
    ['-19', '0xffffffffffffffed'],
    ['4096', '0x1000'],
    ['neither', 'neither'],
  ])('%s as a pointer is %s', (printed, pointer) => {
    expect(asPointer(printed)).toBe(pointer)
  })

  it('a number names a parameter that no name has named', () => {
    const fields = 'dmabuf=0xffff888100000010 arg1=0xffff888100000020 arg2=0xffff888100000030'
    expect(recognised('x', `(dma_buf_detach+0x4/0x60) ${fields}`)).toMatchObject({
      dmabuf: '0xffff888100000010',
      attach: '0xffff888100000030',
    })
  })

  it.each([
    // A service of a port (drivers/pci/pcie/portdrv.c) is named after it, and is no device.
    ['dma_buf_detach', 'service="0000:00:1c.0:pcie002"', 'device'],
    ['dma_buf_detach', 'where="at 0000:00:1c.0"', 'device'],
    ['dma_buf_detach', 'arg1_node=7', 'dmabuf'],
    ['dma_buf_detach', 'my_arg1=7', 'dmabuf'],
    ['dma_buf_detach', 'arg9=7', 'dmabuf'],
    ['dma_buf_get', 'what=7x', 'fd'],
    ['dma_buf_get', 'what=x7', 'fd'],
    // What a function takes is not what it gives.
    ['dma_buf_get', 'fd=3 rc=5', 'dmabuf'],
  ])('%s with %s has no %s', (fn, fields, slot) => {
    expect(recognised('x', `(${fn}+0x4/0x60) ${fields}`)).not.toHaveProperty(slot)
  })

  it('symbols that contain blanks, strings that contain quotes', () => {
    expect(
      recognised('x', '(dma_buf_dynamic_attach+0x4/0x1a0) inv=cb+0x0/0x60 [my mod] exp="a "b" c=d" ino=7'),
    ).toMatchObject({ inv: 'cb', ino: '7' })
  })

  it('and a string that could not be read is none', () => {
    expect(recognised('x', '(dma_buf_detach+0x4/0x110) dev=(fault) ino=7')).not.toHaveProperty('device')
  })

  it('a device by its address is not its name', () => {
    const act = recognised('x', '(pcie_flr+0x4/0x130) pdev=0xff36d700c1000000')
    expect(act).toMatchObject({ devicePtr: '0xff36d700c1000000' })
    expect(act).not.toHaveProperty('device')
  })
})

describe('probes on tracepoints and events', () => {
  it.each([
    '(__probestub_dma_buf_dynamic_attach+0x4/0x10)',
    '(__traceiter_dma_buf_dynamic_attach+0x4/0x10)',
    '(dma_buf.dma_buf_dynamic_attach)',
    '(dma_buf/dma_buf_dynamic_attach)',
  ])('%s is the attach that has succeeded', (head) => {
    expect(recognised('mine', `${head} ino=3 attach=0xffff888100000010 dyn=1 dev="vgem"`)).toMatchObject({
      type: 'attach',
      point: 'event',
      ino: '3',
      attach: '0xffff888100000010',
      dynamic: '1',
      device: 'vgem',
    })
  })
})

describe('probes on other tracepoints', () => {
  it('are of their event, too', () => {
    expect(recognised('mine', '(__probestub_dma_fence_signaled+0x4/0x10) context=7 seqno=9')).toMatchObject({
      ...{ type: 'fence', point: 'event', context: '7', seqno: '9' },
    })
  })

  it('mean nothing where the event means nothing, whatever they are called', () => {
    expect(recognised('dbuf_unmap', '(__probestub_sched_switch+0x4/0x10) attach=0xffff888100000010')).toBeNull()
  })

  it('have no parameters to be told by their place', () => {
    const act = recognised('mine', '(__probestub_dma_buf_detach+0x4/0x10) arg1=0xffff888100000010 ino=3')
    expect(act).toEqual({
      ...{ type: 'detach', point: 'event', fn: 'dma_buf_detach', fresh: true, ino: '3' },
    })
  })
})

describe('what the user declares', () => {
  const own = [
    {
      event: 'labimp_dma_start',
      as: 'access' as const,
      fields: { device: 'dev', iova: 'addr', length: 'len', ino: 'ino' },
      when: { st: '0' },
    },
    { event: 'my_unmap', as: 'unmap' as const, fields: { attach: 'attachment' } },
  ]

  it('is asked first, and only where its condition holds', () => {
    expect(recognised('labimp_dma_start', 'dev=0000:00:09.0 addr=0xfffe0000 len=64 ino=4 st=0', own)).toMatchObject({
      type: 'access',
      device: '0000:00:09.0',
      iova: '0xfffe0000',
      length: '64',
      ino: '4',
    })
    expect(recognised('labimp_dma_start', 'dev=0000:00:09.0 addr=0xfffe0000 len=64 ino=4 st=1', own)).toBeNull()
    expect(recognised('labimp_dma_start', 'dev=0000:00:09.0 addr=0xfffe0000')).toBeNull()
  })

  it("reads the kernel's own `attachment:%p` as well", () => {
    expect(recognised('my_unmap', 'ino=3 attachment:00000000deadbeef id=0', own)).toMatchObject({
      type: 'unmap',
      attach: '00000000deadbeef',
    })
  })
})

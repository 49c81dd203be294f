import { describe, expect, it } from 'vitest'
import { recognised } from '../../support/recognised.ts'

const said = (text: string) => recognised('console', text)

describe('IOMMU faults in the kernel log', () => {
  it.each([
    [
      'DMAR: [DMA Write NO_PASID] Request device [0000:00:04.0] fault addr 0xffff4000 [fault reason 0x05] PTE Write access is not set',
      '0000:00:04.0',
      '0xffff4000',
      'write',
    ],
    [
      'DMAR: [DMA Read NO_PASID] Request device [0000:00:04.0] fault addr 0xffff4000 [fault reason 0x06] PTE Read access is not set',
      '0000:00:04.0',
      '0xffff4000',
      'read',
    ],
    [
      'DMAR: [DMA Write PASID 0x1] Request device [0001:af:1f.7] fault addr 0x7f0000000000 [fault reason 0x50] x',
      '0001:af:1f.7',
      '0x7f0000000000',
      'write',
    ],
    [
      'DMAR: [DMA Write] Request device [00:02.0] fault addr ffff4000 [fault reason 05] PTE Write access is not set',
      '0000:00:02.0',
      '0xffff4000',
      'write',
    ],
    [
      'DMAR: [DMA Read] Request device [00:02.0] PASID ffffffff fault addr 100800 [fault reason 06] x',
      '0000:00:02.0',
      '0x100800',
      'read',
    ],
    ['DMAR: DMAR:[DMA Read] Request device [03:00.1] fault addr dead000 \n', '0000:03:00.1', '0xdead000', 'read'],
    [
      'vfio-pci 0000:c2:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000a address=0x100800 flags=0x0020]',
      '0000:c2:00.0',
      '0x100800',
      'write',
    ],
    [
      'vfio-pci 0000:c2:00.0: Event logged [IO_PAGE_FAULT domain=0x000a address=0x100800 flags=0x0000]',
      '0000:c2:00.0',
      '0x100800',
      'read',
    ],
    [
      'AMD-Vi: Event logged [IO_PAGE_FAULT device=02:00.0 domain=0x000e address=0x0000000000001000 flags=0x0020]',
      '0000:02:00.0',
      '0x0000000000001000',
      'write',
    ],
    [
      'arm-smmu-v3 arm-smmu-v3.0.auto: event: F_TRANSLATION client: 0000:01:00.0 sid: 0x100 ssid: 0x0 iova: 0xdead000 ipa: 0x0',
      '0000:01:00.0',
      '0xdead000',
      undefined,
    ],
  ])('%s', (text, device, iova, direction) => {
    expect(said(text)).toEqual({
      ...{ type: 'fault', point: 'event', fresh: true, device, iova, text },
      ...(direction === undefined ? {} : { direction }),
    })
  })

  it.each([
    'DMAR: [INTR-REMAP] Request device [00:02.0] fault index 0x1 [fault reason 0x25] x',
    'DMAR: [DMA Write NO_PASID] Request device [00:02.0] fault',
    'AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000a address=0x100800 flags=0x0020]',
    'AMD-Vi: Event logged [INVALID_DEVICE_REQUEST device=02:00.0 pasid=0x00000 address=0x1000 flags=0x0020]',
    'arm-smmu-v3 arm-smmu-v3.0.auto: event: C_BAD_STE client: 0000:01:00.0 sid: 0x100 ssid: 0x0 iova: 0x0',
  ])('%s names no address of a device that is known', (text) => {
    expect(said(text)).toEqual({ type: 'console', point: 'event', fresh: true, text })
  })

  it('says how many it kept to itself', () => {
    expect(said('dmar_fault: 17 callbacks suppressed')).toMatchObject({ detail: 'faults-suppressed', size: '17' })
  })

  it.each(['amd_iommu_report_page_fault: 9 callbacks suppressed', 'arm_smmu_evtq_thread: 9 callbacks suppressed'])(
    '%s is said of faults, too',
    (text) => {
      expect(said(text)).toMatchObject({ type: 'console', detail: 'faults-suppressed', size: '9' })
    },
  )

  it('does not take other limits for that of faults', () => {
    expect(said('net_ratelimit: 9 callbacks suppressed')?.detail).toBe(undefined)
  })

  it.each(['DMAR: DRHD: handling fault status reg 2', 'a default domain', 'segfault at 0 ip 0'])(
    '%s is no fault',
    (text) => {
      expect(said(text)).toMatchObject({ type: 'console' })
    },
  )
})

describe('resets in the kernel log', () => {
  it.each([
    ['vfio-pci 0000:01:00.0: resetting', { detail: 'resetting', exporter: 'vfio-pci' }],
    ['vfio-pci 0000:01:00.0: reset done', { detail: 'reset-done' }],
    ['pciback 0000:01:00.0: not ready 1023ms after FLR; waiting', { detail: 'not-ready', size: '1023', state: 'FLR' }],
    [
      'pciback 0000:01:00.0: not ready 65535ms after FLR; giving up',
      { detail: 'gave-up', size: '65535', state: 'FLR' },
    ],
    ['pci 0000:01:00.0: not ready 1023ms after bus reset; waiting', { detail: 'not-ready', state: 'bus reset' }],
    ['vfio-pci 0000:01:00.0: ready 2047ms after FLR', { detail: 'ready' }],
    [
      'vfio-pci 0000:01:00.0: timed out waiting for pending transaction; performing function level reset anyway',
      { detail: 'pending-transaction' },
    ],
    ['pciback 0000:01:00.0: xen_pciback: resetting (FLR, D3, bus)', { detail: 'resetting', exporter: 'pciback' }],
  ])('%s', (text, want) => {
    expect(said(text)).toMatchObject({ type: 'reset', device: '0000:01:00.0', ...want })
  })

  it('keeps two functions of one slot apart', () => {
    expect(said('vfio-pci 0000:10:00.0: not ready 65535ms after FLR; giving up')).toMatchObject({
      device: '0000:10:00.0',
    })
    expect(said('vfio-pci 0000:10:00.2: not ready 1023ms after FLR; waiting')).toMatchObject({ device: '0000:10:00.2' })
  })

  it.each([
    'usb 1-1: reset high-speed USB device',
    'vfio-pci 0000:01:00.0: enabling device (0000 -> 0002)',
    'mydrv 0000:01:00.0: firmware not ready 100ms after boot; giving up',
    'mydrv 0000:01:00.0: firmware is ready 100ms after boot',
    'mydrv 0000:01:00.0: resetting ring 3',
    'mydrv 0000:01:00.0: reset done in 3 ms',
  ])('%s is none', (text) => {
    expect(said(text)).toMatchObject({ type: 'console' })
    expect(said(text)).not.toHaveProperty('detail')
  })
})

describe('other lines about a device', () => {
  it.each([
    ['i915 0000:00:02.0: VF1 FLR', { device: '0000:00:02.0', exporter: 'i915', detail: 'vf-flr' }],
    ["[drm] GT0: PF: VF1 FLR didn't finish in 5000 ms (-ETIMEDOUT)", { detail: 'vf-flr' }],
    ['pcieport 0000:00:1d.0:    [21] ACSViol                (First)', { device: '0000:00:1d.0' }],
  ])('%s', (text, want) => {
    expect(said(text)).toMatchObject({ type: 'console', ...want })
  })
})

describe('splats in the kernel log', () => {
  it.each([
    ['------------[ cut here ]------------', 'cut-here'],
    ['---[ end trace 0000000000000000 ]---', 'end-trace'],
    ['WARNING: CPU: 0 PID: 1 at drivers/dma-buf/dma-buf.c:101 dma_buf_release+0x86/0x90', 'warning'],
    ['refcount_t: underflow; use-after-free.', 'warning'],
    ['BUG: kernel NULL pointer dereference, address: 0000000000000008', 'oops'],
    ['general protection fault, probably for non-canonical address 0x6b6b', 'oops'],
    ['INFO: task tool:243 blocked for more than 120 seconds.', 'hung-task'],
    ['INFO: task lost-and-found:77 blocked for more than 120 seconds.', 'hung-task'],
    ['Oops: 0002 [#1] SMP', 'oops'],
    ['kernel BUG at drivers/dma-buf/dma-buf.c:97!', 'oops'],
    ['Unable to handle kernel paging request at virtual address ffff800012345678', 'oops'],
  ])('%s', (text, detail) => {
    expect(said(text)).toEqual({ type: 'splat', point: 'event', fresh: true, detail, text })
  })

  it.each([
    'mydrv: WARNING: the fan is loud',
    'mydrv: refcount_t: underflow',
    'mydrv: BUG: not mine',
    'mydrv: Oops: again',
    'see INFO: task tool:243 blocked for more than 120 seconds.',
    'INFO: task tool:243 blocked for more than a while',
    'INFO: rcu_preempt detected stalls on CPUs/tasks:',
  ])('%s is none', (text) => {
    expect(said(text)).toEqual({ type: 'console', point: 'event', fresh: true, text })
  })
})

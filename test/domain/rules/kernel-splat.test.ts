import { describe, it } from 'vitest'
import { console_, type Step } from '../../support/printer.ts'
import { finding, given, nothing } from '../../support/story.ts'
import { attached, detached, exported, faulted, mapped, unmapped } from '../../support/trace.ts'

const cut = '------------[ cut here ]------------'
const end = '---[ end trace 0000000000000000 ]---'
const lines = (...texts: string[]): Step[] => texts.map((text) => console_(text))
const underflow = lines(
  cut,
  'refcount_t: underflow; use-after-free.',
  'WARNING: CPU: 0 PID: 100 at lib/refcount.c:28 refcount_warn_saturate+0xba/0x110',
  'Modules linked in: dbtest(OE) vfio_pci vfio_pci_core',
  'Call Trace:',
  ' vfio_pci_dma_buf_unmap+0x3a/0x50 [vfio_pci_core]',
  end,
)
const elsewhere = lines(
  cut,
  'WARNING: CPU: 1 PID: 7 at fs/ext4/inode.c:10 ext4_evict_inode+0x1/0x2',
  'Modules linked in: vfio_pci vfio_iommu_type1 dma_buf',
  ' evict+0x10/0x20',
  end,
)
const ready = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())

describe('kernel-splat', () => {
  it('is one finding from "cut here" to "end trace"', async () => {
    await given(exported())
      .when(...underflow)
      .judge(
        finding('kernel-splat', {
          severity: 'error',
          evidence: underflow.map(() => 'console'),
          summary: /refcount_t: underflow/,
        }),
      )
  })

  it('takes its buffer from the call that it came out of', async () => {
    await ready.when(unmapped({}, ...underflow), detached()).judge(finding('kernel-splat', { ino: 1 }))
  })

  it("is nothing for somebody else's, whose list of modules names everybody", async () => {
    await given(exported())
      .when(...elsewhere)
      .judge(nothing('kernel-splat'))
  })

  it('takes no call for open whose return is not probed', async () => {
    await ready
      .when(unmapped(), detached(), ...elsewhere)
      .without('dbuf_unmap_ret')
      .judge(nothing('kernel-splat'))
  })

  it('is two findings for two of them', async () => {
    await given(exported())
      .when(...underflow, ...underflow)
      .judge(finding('kernel-splat', { times: 2 }))
  })

  it('is not a fault line, nor a reset', async () => {
    await given(exported())
      .when(faulted(), console_('vfio-pci 0000:01:00.0: resetting'), console_('vfio-pci 0000:01:00.0: reset done'))
      .judge(nothing('kernel-splat'))
  })

  it("is not an underflow of somebody else's reference count", async () => {
    await given(exported())
      .when(...lines(cut, 'refcount_t: underflow; use-after-free.', ' sk_free+0x1/0x2', end))
      .judge(nothing('kernel-splat'))
  })

  it('is a finding though the trace ends inside it', async () => {
    await given(exported())
      .when(...underflow.slice(0, 6))
      .judge(finding('kernel-splat'))
  })
})

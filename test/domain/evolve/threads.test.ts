/** KERNEL.md §5.1: what a thread does next shows what it has left, where no return says so. */
import { describe, expect, it } from 'vitest'
import type { Folded } from '../../support/fold-file.ts'
import { all, by, console_, event, lost, type Step } from '../../support/printer.ts'
import { given } from '../../support/story.ts'
import {
  attached,
  attachOf,
  dmabufOf,
  EXPORTER,
  exported,
  IMPORTER,
  invalidated,
  mapped,
  moveEntry,
  reset,
  unmapped,
} from '../../support/trace.ts'

const fold = async (...steps: Step[]): Promise<Folded> => (await given(...steps).fold()).folded
const GET = event('dma_buf_get', 'exp_name=system size=4096 ino=8 fd=9')

describe('a reset of which only steps are probed', () => {
  const step = (fn: string) =>
    all(
      event(`own_${fn}`, `(${fn}+0x4/0x90) dev="${EXPORTER}"`),
      event(`own_${fn}_ret`, `(x+0x5a/0xa0 <- ${fn}) dev="${EXPORTER}" ret=0`),
    )
  const disabled = event('own_disable', `(pci_dev_save_and_disable+0x4/0x60) dev="${EXPORTER}"`)
  const count = async (...between: Step[]) =>
    (await fold(exported(), disabled, step('pcie_flr'), ...between, step('pci_dev_restore'))).resets.length

  it.each([
    ['nothing', []],
    ['a line of the kernel log', [console_(`vfio-pci ${EXPORTER}: something else`)]],
    ['a warning', [console_('WARNING: CPU: 0 PID: 100 at drivers/x.c:1 f+0x1/0x2')]],
    ['a fault', [event('io_page_fault', `IOMMU:dmar0 ${IMPORTER} iova=0x00000000ffff0000 flags=0x0001`)]],
    ['a change of power', [event('rpm_resume', `${EXPORTER} flags-4 cnt-1  dep-0  auto-1 p-0 irq-0 child-0`)]],
    ['a change of domain', [event('attach_device_to_domain', `IOMMU: device=${EXPORTER}`)]],
    ['a mark of the user', [event('tracing_mark_write', 'here')]],
    ['an event of something else', [event('sched_waking', 'comm=x pid=1 prio=120 target_cpu=000')]],
    [
      'an error',
      [event('aer_event', `${EXPORTER} PCIe Bus Error: severity=Corrected, Bad TLP, TLP Header=Not available`)],
    ],
  ])('goes on after %s', async (_, between) => {
    expect(await count(...between)).toBe(1)
  })

  it.each([
    ['a mention of a buffer', [GET]],
    ['a fence', [event('dma_fence_emit', 'driver=d timeline=t context=7 seqno=9')]],
    ['a map', [mapped()]],
  ])('is over once its thread has come to %s', async (_, between) => {
    expect(await count(...between)).toBe(2)
  })
})

describe('a move whose return is not probed', () => {
  const held = [exported(), attached(), mapped()]
  const began = all(moveEntry('1'), invalidated({}, unmapped()))
  const stateAfter = async (...next: Step[]) =>
    (await fold(...held, exported({ ino: 2 }), began, ...next)).buffers.map(({ state }) => state)

  it.each([
    ['exports', [exported({ ino: 3 })]],
    ['looks up a buffer', [GET]],
    ['drops a buffer', [event('dma_buf_put', 'exp_name=system size=4096 ino=8 fd=9')]],
    ['attaches', [attached('dynamic', { ino: 2, attach: 2 })]],
    ['maps', [mapped({ ino: 2, attach: 2 })]],
    ['resets', [reset('sysfs')]],
  ])('is over once its thread %s: the device’s other buffers went with it', async (_, next) => {
    expect((await stateAfter(...next)).slice(0, 2)).toEqual(['revoked', 'revoked'])
  })

  it.each([
    ['nothing', []],
    ['what another thread does', [by('x', 300, GET)]],
    ['a fence', [event('dma_fence_emit', 'driver=d timeline=t context=7 seqno=9')]],
  ])('is not over by %s', async (_, next) => {
    expect((await stateAfter(...next))[1]).toBe('live')
  })
})

describe('an invalidate whose return is not probed', () => {
  const entry = event('own_inval', `(dma_buf_invalidate_mappings+0x4/0x50) ino=1 dmabuf=${dmabufOf({})}`)
  const cleanup = event('vfiodb_cleanup', '(vfio_pci_dma_buf_cleanup+0x4/0xf0 [vfio_pci_core]) dev="0000:09:00.0"')
  const ends = async (...next: Step[]) => {
    const steps = [exported({ exporter: 'drm' }), attached('unheard', { exporter: 'drm' }), mapped(), entry]
    return (await fold(...steps, ...next, unmapped())).attachments[0]!.deferred
  }

  it.each([
    ['a buffer is looked up', GET],
    ['a descriptor is made', event('dma_buf_fd', 'exp_name=system size=4096 ino=8 fd=9')],
    ['a device is closed', cleanup],
    ['a device is moved', moveEntry('1')],
    ['a buffer is exported', exported({ ino: 2, exporter: 'drm' })],
    ['another attaches', attached('unheard', { attach: 2, exporter: 'drm' })],
    ['another maps', mapped({ attach: 2, sgt: 2 })],
    ['something is reset', reset('sysfs', { device: '0000:09:00.0' })],
    ['another detaches', event('dbuf_detach', `(dma_buf_detach+0x4/0x110) ino=8 attach=${attachOf({ attach: 8 })}`)],
    ['another buffer is released', event('dbuf_release', '(dma_buf_file_release+0x4/0x80) ino=8')],
  ])('is over once, by its thread, %s', async (_, next) => {
    expect(await ends(next)).toBe(true)
    expect(await ends(by('x', 300, next))).toBe(false)
  })

  it('is not over by what an importer does in its callback', async () => {
    expect(await ends()).toBe(false)
    expect(await ends(event('dma_fence_emit', 'driver=d timeline=t context=7 seqno=9'))).toBe(false)
  })
})

describe('a thread that changes its CPU', () => {
  const onCpu =
    (cpu: number, step: Step): Step =>
    (print) => {
      const own = print.cpu
      print.cpu = cpu
      step(print)
      print.cpu = own
    }
  const attachEntry = event(
    'p_attach',
    `(dma_buf_dynamic_attach+0x4/0x1c0) ino=1 dmabuf=${dmabufOf({})} dev="${IMPORTER}"`,
  )
  const attachReturn = event('r_attach', `(x+0x214/0x73a [x] <- dma_buf_dynamic_attach) ret=${attachOf({})}`)
  const devices = async (...between: Step[]) =>
    (await fold(exported(), attachEntry, ...between, onCpu(1, attachReturn))).attachments
      .filter(({ attachedNs }) => attachedNs !== null)
      .map(({ importerDevice }) => importerDevice)

  it('is still in the call that it began', async () => {
    expect(await devices()).toEqual([IMPORTER])
  })

  it('may be out of it where events of either CPU were lost meanwhile', async () => {
    expect(await devices(lost(1, 0))).toEqual([null])
    expect(await devices(by('x', 301, event('x', 'y')), lost(1, 1))).toEqual([null])
  })
})

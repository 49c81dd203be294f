/** For each rule a short story in which it is violated once. */
import type { Rule } from '../../../src/domain/rules.ts'
import { by, console_, event, later } from '../../support/printer.ts'
import { given, givenOptions, type Story } from '../../support/story.ts'
import {
  attached,
  closed,
  detached,
  EXPORTER,
  exported,
  faulted,
  fenceAdded,
  fenceSignalled,
  fencesAwaited,
  invalidated,
  mapped,
  move,
  pinned,
  released,
  reset,
  restored,
  revoked,
  unmapped,
  unpinned,
} from '../../support/trace.ts'

const ACCESS = {
  recognisers: [{ event: 'my_dma', as: 'access', fields: { device: 'dev', iova: 'addr', direction: 'dir' } }],
}
const access = event('my_dma', 'dev=0000:02:00.0 addr=0xffff0040 dir=FROM_DEVICE')
/** An unmap and a pin before the story, so that their probes are known to have been set. */
const ready = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }))
const held = ready.when(mapped())
const gone = held.when(revoked({}, unmapped()))
const kworker = (...steps: Parameters<typeof given>) => by('kworker/1:2', 201, ...steps)
const drm = { exporter: 'drm' }
const second = { attach: 2 }

export const VIOLATIONS: Partial<Record<Rule, Story>> = {
  'use-after-revoke': gone.when(later(50), faulted('0xffff0800')),
  'late-unmap': held.when(move(1, EXPORTER, 'ioctl', invalidated(), fencesAwaited(), later(3000), kworker(unmapped()))),
  'access-after-fences': givenOptions(ACCESS, exported(), attached(), mapped()).when(
    move(1, EXPORTER, 'ioctl', invalidated(), fencesAwaited(), kworker(access, unmapped())),
  ),
  'map-while-revoked': gone.when(kworker(mapped({ sgt: 2, iova: '0xfffe0000' }))),
  'attach-while-revoked': gone.when(later(200), kworker(attached('dynamic', second))),
  'reset-while-mapped': held.when(reset('sysfs')),
  'reset-without-revoke': gone.when(restored(), reset('sysfs')),
  'fences-not-awaited': given(exported(), attached(), mapped(), fencesAwaited({}, 0), fenceAdded()).when(
    move(1, EXPORTER, 'ioctl', invalidated({}, unmapped())),
    reset(),
    fenceSignalled(),
  ),
  'late-fence': given(exported(), attached(), mapped(), fenceAdded()).when(
    move(1, EXPORTER, 'ioctl', invalidated({}, unmapped())),
    reset('ioctl', {}, kworker(fenceSignalled())),
  ),
  'non-revocable-importer': given(exported(), attached('legacy')),
  'invalidate-ignored': given(exported(drm), attached('pinned', drm), mapped({ ...drm, sgt: 9 }))
    .when(unmapped({ ...drm, sgt: 9 }), mapped(drm))
    .when(kworker(invalidated(drm)), unmapped(drm)),
  'double-unmap': ready.when(kworker(unmapped({ sgt: 9 }))),
  'use-after-detach': ready.when(detached(), kworker(mapped({ sgt: 2 }))),
  'released-while-attached': given(exported(), attached(), attached('dynamic', second), detached(second)).when(
    mapped({ sgt: 9 }),
    unmapped({ sgt: 9 }),
    mapped(),
    kworker(released()),
  ),
  'early-restore': gone.when(reset('sysfs', {}, kworker(restored()))),
  'use-after-permanent-revoke': held.when(closed({}, unmapped()), kworker(mapped({ sgt: 2, iova: '0xfffe0000' }))),
  'importer-lost-mapping': given(exported(), attached('unheard'), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())
    .when(revoked({}, unmapped()), restored())
    .when(kworker(detached())),
  'pin-imbalance': given(exported(), attached('unheard', second), pinned(second), unpinned(second), detached(second))
    .when(attached('unheard'), pinned(), pinned(), unpinned())
    .when(kworker(detached())),
  'leaked-mapping': given(exported(), attached(), attached('dynamic', second), detached(second)).when(
    mapped({ sgt: 9 }),
    unmapped({ sgt: 9 }),
    mapped(),
    released(),
  ),
  'leaked-attachment': given(exported(), attached(), attached('dynamic', second), detached(second)).when(released()),
  'kernel-splat': given(exported()).when(
    kworker(
      console_('------------[ cut here ]------------'),
      console_('refcount_t: underflow; use-after-free.'),
      console_('WARNING: CPU: 0 PID: 100 at lib/refcount.c:28 refcount_warn_saturate+0xba/0x110'),
      console_(' vfio_pci_dma_buf_unmap+0x3a/0x50 [vfio_pci_core]'),
      console_('---[ end trace 0000000000000000 ]---'),
    ),
  ),
  'capability-changed': given(exported({ exporter: 'system' }), exported({ ino: 2, exporter: 'system' })).when(
    attached('legacy', { exporter: 'system' }),
    attached('unheard', { ino: 2, attach: 2, exporter: 'system' }),
  ),
  'device-lost-while-mapped': held.when(
    kworker(event('aer_event', `${EXPORTER} PCIe Bus Error: severity=Fatal, Malformed TLP, TLP Header=Not available`)),
  ),
}

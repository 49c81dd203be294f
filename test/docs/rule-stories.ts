import type { Rule } from '../../src/domain/rules.ts'
import { by, event, later, type Step } from '../support/printer.ts'
import { given, givenOptions, type Story } from '../support/story.ts'
import {
  attached,
  closed,
  detached,
  EXPORTER,
  exported,
  fencesAwaited,
  IMPORTER,
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
} from '../support/trace.ts'

const held = given(exported(), attached(), mapped())
/** Nobody's, so that unmaps and detaches are known to be recorded. */
const other: Step[] = [
  attached('dynamic', { attach: 2 }),
  mapped({ attach: 2, sgt: 2 }),
  unmapped({ attach: 2, sgt: 2 }),
  detached({ attach: 2 }),
]
const leak = given(exported(), ...other, attached(), mapped()).when(released())

const recognisers = [{ event: 'my_dma', as: 'access', fields: { device: 'dev', iova: 'addr', direction: 'dir' } }]

/** What the pages of rules show that no recorded trace shows: each folds to a finding of its rule. */
export const RULE_STORIES: Partial<Record<Rule, Story>> = {
  'access-after-fences': givenOptions({ recognisers }, exported(), attached(), mapped()).when(
    move(
      1,
      EXPORTER,
      'ioctl',
      invalidated(),
      fencesAwaited(),
      by('gpu', 201, event('my_dma', `dev=${IMPORTER} addr=0xffff0040 dir=FROM_DEVICE`), unmapped()),
    ),
  ),
  'map-while-revoked': held.when(revoked({}, unmapped()), mapped({ sgt: 2 })),
  'attach-while-revoked': given(exported(), revoked(), later(200), attached()),
  'leaked-mapping': leak,
  'leaked-attachment': leak,
  'double-unmap': held.when(unmapped(), unmapped()),
  'use-after-detach': held.when(unmapped(), detached(), mapped({ sgt: 2 })),
  'released-while-attached': leak,
  'early-restore': held.when(revoked({}, unmapped()), reset('sysfs', {}, by('qemu', 301, restored()))),
  'use-after-permanent-revoke': held.when(closed({}, unmapped()), mapped({ sgt: 2 })),
  'pin-imbalance': given(exported(), attached('unheard'), pinned(), pinned(), unpinned(), detached()),
  'device-lost-while-mapped': held.when(
    event('aer_event', `${EXPORTER} PCIe Bus Error: severity=Fatal, Completion Timeout, TLP Header=Not available`),
    later(20),
    unmapped(),
  ),
}

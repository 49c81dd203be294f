/** What the IOMMU makes of an access that it does not allow: lines of the kernel log, some time later (KERNEL.md §4.1). */
import type { Running } from '../scheduler.ts'
import { breach } from '../truth/truth.ts'
import { type Machine, microseconds, printk, spaceOf, type Thread } from './machine.ts'
import type { Mapping } from './objects.ts'

/** dmar.c prints from an interrupt, whichever task it hits; seen up to 9 ms late. */
const SLOWEST = 9e6
/** A line within this time after an unmap may tell of an access before it. */
const UNSURE = 12e6

/** The engine doubts what two buffers had within a tenth of a second. */
const LONG_AGO = 60e6

/** The importer's device writes through a mapping that is gone. */
export function* strayAccess(m: Machine, mapping: Mapping, way: 'Read' | 'Write' = 'Write'): Running {
  const { attachment, iova, length } = mapping
  const { buffer, importer } = attachment
  const delay = m.random.chance(0.7) ? m.random.between(20e3, 300e3) : m.random.between(300e3, SLOWEST)
  // Somebody else has the address by now: then the access goes there, and nobody is told.
  const space = spaceOf(m, importer.device)
  const reused = () => space.live.has(iova)
  if (reused()) return
  // Nor does a trace tell who of several kept an address for long: the reference charges the last one.
  if (space.uses(iova) !== mapping.use && m.scheduler.now - (mapping.goneAt ?? 0) > LONG_AGO) return
  const at = m.scheduler.now
  const episode = mapping.told?.episode ?? null
  const restored = episode?.restored === true
  const address = iova + m.random.below(length / 64) * 64
  yield delay
  const printed = m.scheduler.now
  const late = printed - (mapping.returnedAt ?? at) > UNSURE + 1e6
  // A later user of the address, or an earlier one where it just unmapped, may be meant as well.
  const alone = mapping.told ? space.uses(iova) === mapping.use : space.uses(iova) === 1
  if (!mapping.noted.has('use-after-revoke')) {
    const provable = late && !reused() && alone
    if (provable) mapping.noted.add('use-after-revoke')
    breach(m.truth, 'use-after-revoke', {
      ino: buffer.ino,
      importer: importer.device,
      severity: 'critical',
      at,
      why: `${way} of ${address.toString(16)} after it was unmapped`,
      provable,
      during: [
        restored ? null : episode,
        ...(alone ? [] : (space.retired.get(iova) ?? []).map(({ told }) => told?.episode)),
      ],
    })
  }
  yield* fault(m, importer.device, address, way)
}

/** A device reads where it may only write, or the other way round: the same line, and no use after anything. */
export function* wrongDirection(m: Machine, mapping: Mapping): Running {
  yield* fault(m, mapping.attachment.importer.device, mapping.iova, 'Write')
}

function* fault(m: Machine, device: string, address: number, way: 'Read' | 'Write'): Running {
  const thread: Thread = { comm: '<idle>', pid: 0, tgid: 0, cpu: m.random.below(m.cpus) }
  yield* printk(m, thread, 'DMAR: DRHD: handling fault status reg 2')
  yield* printk(
    m,
    thread,
    `DMAR: [DMA ${way} NO_PASID] Request device [${device}] fault addr 0x${address.toString(16)} [fault reason 0x0${way === 'Write' ? 5 : 6}] PTE ${way} access is not set`,
  )
}

/** Some time between two moments, as a device's own engine has it. */
export function soon(m: Machine, least: number, most: number): number {
  return microseconds(m.random.between(least, most))
}

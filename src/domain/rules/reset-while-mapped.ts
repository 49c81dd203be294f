import { isLive } from '../evolve/mappings.ts'
import { unmapProbes } from '../evolve/unmap-evidence.ts'
import { report } from '../findings.ts'
import type { Mapping, Sighting } from '../world/entities.ts'
import { between } from '../world/window.ts'
import type { RuleModule } from './rule.ts'
import { taskOf } from './task-of.ts'
import { joinDoubt, mappingName, resetName } from './wording.ts'

/**
 * R5. The device was reset while an importer still had one of its buffers mapped: DMA into a device that is being
 * reset.
 *
 * Traps: a reset of the *importer's* device is another matter; at open no buffer exists, at close none is left; a
 * reset that fails with -EAGAIN or -ENOTTY never touched the hardware; an unmap counts from its return; within one
 * microsecond two CPUs' events have no order; an unmap that is under way has done its work before it returns.
 */
export const resetWhileMapped: RuleModule = {
  rule: 'reset-while-mapped',
  on: {
    reset({ reset }, world) {
      if (!reset.touched) return
      for (const mapping of reset.live) {
        report(world, {
          rule: 'reset-while-mapped',
          severity: 'critical',
          at: reset.touched,
          mapping,
          reset,
          revocation: mapping.revocation && !mapping.revocation.restored ? mapping.revocation : null,
          exporterDevice: reset.device,
          ...taskOf(world, reset.pid),
          evidence: [mapping.mapped, mapping.invalidated, reset.touched, reset.finished, mapping.unmapped],
          absent: between(mapping.mapped, reset.touched),
          needs: unmapProbes(world, mapping),
          missing:
            tie(mapping, reset.touched) ??
            leaving(mapping, reset.touched) ??
            (mapping.attachment && joinDoubt(mapping.attachment)),
          summary: `${mappingName(mapping)} was live during ${resetName(reset)}`,
        })
      }
      for (const buffer of reset.doubtful) {
        for (const mapping of buffer.mappings) {
          if (!isLive(mapping)) continue
          report(world, {
            rule: 'reset-while-mapped',
            severity: 'critical',
            at: reset.touched,
            mapping,
            reset,
            pid: reset.pid,
            evidence: [mapping.mapped, reset.touched],
            missing: 'no event names the device that exported this buffer',
            summary: `${mappingName(mapping)} was live during ${resetName(reset)}, which may be its exporter`,
          })
        }
      }
    },
  },
}

/** VFIO waits until the mapping is gone, which it is a moment before the call that takes it down returns. */
function leaving({ unmapEntered, unmapped, buffer, ...mapping }: Mapping, touched: Sighting): string | null {
  const revocation = mapping.revocation ?? buffer?.revocation
  if (!unmapEntered || unmapEntered.seq > touched.seq || (unmapped && unmapped.seq < touched.seq)) return null
  if (revocation?.kind !== 'move' || !revocation.completed || revocation.completed.seq > touched.seq) return null
  return 'its unmap had not returned when the reset came, but the wait of its exporter for it had'
}

function tie(mapping: Mapping, touched: Sighting): string | null {
  const same = [mapping.mapped, mapping.unmapped].find((end) => end?.ns === touched.ns)
  return same ? 'the mapping and the reset bear the same time stamp: which came first is not certain' : null
}

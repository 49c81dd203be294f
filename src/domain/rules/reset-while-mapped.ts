import { unmapProbes } from '../evolve/unmap-evidence.ts'
import { report, uphold } from '../findings.ts'
import type { Mapping, Reset, Revocation, Sighting } from '../world/entities.ts'
import { tied } from '../world/order.ts'
import { between } from '../world/window.ts'
import type { RuleModule } from './rule.ts'
import { taskOf } from './task-of.ts'
import { joinDoubt, mappingName, resetName, scopeDoubt } from './wording.ts'

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
    // Its unmap was under way, and only now shows that it had not been over.
    unmapped({ mapping }, world) {
      if (mapping.unmapped!.seq === mapping.unmapEntered?.seq || !mapping.flagged.includes(UNFINISHED)) return
      for (const finding of world.findings) {
        const { draft } = finding
        if (draft.mapping !== mapping || finding.missing !== UNFINISHED) continue
        const missing = doubt(mapping, draft.reset!, draft.at)
        uphold(world, finding, { ...draft, missing, evidence: [mapping.unmapped] })
      }
    },
    disabled({ revocation, live, at }, world) {
      for (const mapping of live) {
        report(world, {
          rule: 'reset-while-mapped',
          severity: 'critical',
          at,
          mapping,
          revocation,
          comm: world.record.comm,
          pid: world.record.pid,
          evidence: [mapping.mapped, mapping.invalidated, at],
          absent: between(mapping.mapped, at),
          needs: unmapProbes(world, mapping),
          missing: joinDoubt(mapping.attachment!),
          summary: `${mappingName(mapping)} was live when the ${revocation.cause === 'power' ? 'power' : 'memory'} of its exporter was taken away`,
        })
      }
    },
    reset({ reset }, world) {
      if (!reset.touched) return
      for (const mapping of reset.live) {
        if (isUnfinished(mapping, reset.touched)) mapping.flagged.push(UNFINISHED)
        report(world, {
          rule: 'reset-while-mapped',
          severity: 'critical',
          at: reset.touched,
          mapping,
          reset,
          revocation: openAt(mapping, reset.touched),
          exporterDevice: reset.bridge ? null : reset.device,
          ...taskOf(world, reset.pid),
          evidence: [mapping.mapped, mapping.invalidated, reset.touched, reset.finished, mapping.unmapped],
          absent: between(mapping.mapped, reset.touched),
          needs: unmapProbes(world, mapping),
          missing: doubt(mapping, reset, reset.touched),
          summary: `${mappingName(mapping)} was live during ${resetName(reset)}`,
        })
      }
      const later = [...reset.doubtful].flatMap(({ mappings }) => [...mappings])
      for (const mapping of new Set([...reset.doubtfullyLive, ...later])) {
        report(world, {
          rule: 'reset-while-mapped',
          severity: 'critical',
          at: reset.touched,
          mapping,
          reset,
          pid: reset.pid,
          evidence: [mapping.mapped, reset.touched, mapping.unmapped],
          missing: scopeDoubt(reset, mapping.buffer),
          summary: `${mappingName(mapping)} was live during ${resetName(reset)}, which may be its exporter`,
        })
      }
    },
  },
}

function doubt(mapping: Mapping, reset: Reset, touched: Sighting): string | null {
  return (
    tie(mapping, reset) ??
    leaving(mapping, touched) ??
    (isUnfinished(mapping, touched) ? UNFINISHED : null) ??
    joinDoubt(mapping.attachment!)
  )
}

const UNFINISHED =
  'its unmap had begun when the reset came, and no event says whether it was over: its return does not show'

function isUnfinished({ leaving, unmapEntered, unmapped }: Mapping, touched: Sighting): boolean {
  if (!unmapEntered || unmapEntered.seq > touched.seq) return false
  return leaving !== null || unmapped?.seq === unmapEntered.seq
}

/** The revocation that the reset came in: one that is requested later is not to blame. */
function openAt({ revocation }: Mapping, touched: Sighting): Revocation | null {
  if (!revocation || revocation.requested.seq > touched.seq) return null
  return revocation.restored && revocation.restored.seq < touched.seq ? null : revocation
}

/** VFIO waits until the mapping is gone, which it is a moment before the call that takes it down returns. */
function leaving({ unmapEntered, unmapped, buffer, ...mapping }: Mapping, touched: Sighting): string | null {
  const revocation = mapping.revocation ?? buffer!.revocation
  if (!unmapEntered || unmapEntered.seq > touched.seq || (unmapped && unmapped.seq < touched.seq)) return null
  if (revocation?.kind !== 'move' || !revocation.completed || revocation.completed.seq > touched.seq) return null
  return 'its unmap had not returned when the reset came, but the wait of its exporter for it had'
}

function tie({ mapped, unmapped }: Mapping, { touched, finished }: Reset): string | null {
  return (
    tied('the mapping and the reset', mapped, touched) ??
    tied('the mapping and the reset', unmapped, touched) ??
    tied('the mapping and the end of the reset', mapped, finished)
  )
}

import { isRevokingExporter } from '../exporters.ts'
import { report } from '../findings.ts'
import type { Attachment, Reset } from '../world/entities.ts'
import { describeGap, gapBetween } from '../world/window.ts'
import type { World } from '../world/world.ts'
import type { RuleModule } from './rule.ts'
import { taskOf } from './task-of.ts'
import { bufferName, importerName } from './wording.ts'

/**
 * R6. An importer that cannot be told to let go (`legacy`, or `pinned` without the callback) was accepted by an
 * exporter that revokes. A refusal with -EOPNOTSUPP is the rule at work, and only information.
 *
 * Traps: exporters that never revoke accept them rightly; -ENODEV is about the buffer's state, not the importer; which
 * exporters revoke is known for vfio and ib_uverbs, else seen: an invalidate, and then a reset.
 */
export const nonRevocableImporter: RuleModule = {
  rule: 'non-revocable-importer',
  on: {
    attached({ attachment }, world) {
      if (cannotBeTold(attachment) && isRevokingExporter(attachment.buffer?.exporter ?? null))
        accepted(world, attachment, null)
    },
    refused({ attachment }, world) {
      if (attachment.refusedErrno !== EOPNOTSUPP || !cannotBeTold(attachment)) return
      if (!isRevokingExporter(attachment.buffer?.exporter ?? null)) return
      report(world, {
        rule: 'non-revocable-importer',
        severity: 'info',
        at: world.now,
        attachment,
        comm: world.record.comm,
        pid: world.record.pid,
        evidence: [attachment.entered, world.now],
        summary: `${bufferName(attachment.buffer)} refused ${importerName(attachment)}, which could not have been told to let go`,
      })
    },
    // What came before the reset can have been lost; that this exporter invalidates at all is known only now.
    invalidated({ buffer }, world) {
      const touched = buffer.lastReset?.touched
      if (!touched || buffer.resetAfterInvalidate || isRevokingExporter(buffer.exporter)) return
      for (const attachment of buffer.attachments) {
        if (!cannotBeTold(attachment) || (attachment.attached && attachment.attached.seq > touched.seq)) continue
        const gap = gapBetween(world.window, attachment.attached?.ns ?? null, touched.ns)
        if (gap)
          accepted(
            world,
            attachment,
            buffer.lastReset,
            `${describeGap(gap)}: an invalidate before the reset may be among them`,
          )
      }
    },
    reset({ reset }, world) {
      for (const buffer of reset.buffers) {
        if (!buffer.resetAfterInvalidate) continue
        for (const attachment of buffer.attachments) if (cannotBeTold(attachment)) accepted(world, attachment, reset)
      }
    },
  },
}

const EOPNOTSUPP = 95

function cannotBeTold(attachment: Attachment): boolean {
  return attachment.class === 'legacy' || attachment.class === 'pinned'
}

function accepted(world: World, attachment: Attachment, reset: Reset | null, missing: string | null = null): void {
  if (attachment.flagged.includes('non-revocable-importer')) return
  attachment.flagged.push('non-revocable-importer')
  report(world, {
    rule: 'non-revocable-importer',
    severity: 'error',
    at: attachment.attached ?? world.now,
    attachment,
    ...taskOf(world, attachment.pid),
    evidence: [attachment.entered, attachment.attached, attachment.buffer?.revocation?.requested, reset?.touched],
    ...(reset?.touched ? { absent: { from: earliest(attachment), to: reset.touched.ns } } : {}),
    missing,
    summary: `${importerName(attachment)} was accepted by ${bufferName(attachment.buffer)}, whose exporter revokes: it cannot be told to let go`,
  })
}

/** From when on it must have been attached and told for the reset to have followed; null is before the trace. */
function earliest({ attached, buffer }: Attachment): bigint | null {
  const told = buffer!.revocation?.requested
  if (!attached) return null
  return told && told.ns < attached.ns ? told.ns : attached.ns
}

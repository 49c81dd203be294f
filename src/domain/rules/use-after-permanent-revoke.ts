import { report } from '../findings.ts'
import type { Buffer, Sighting } from '../world/entities.ts'
import { tied } from '../world/order.ts'
import { between } from '../world/window.ts'
import type { RuleModule } from './rule.ts'
import { bufferName, importerName } from './wording.ts'

/**
 * R13. A map or attach succeeded on a buffer that was revoked for good, or an un-revoke reached it. Trap: VFIO's trailing
 * un-revoke at close restores nothing, since it no longer knows the buffers.
 */
export const useAfterPermanentRevoke: RuleModule = {
  rule: 'use-after-permanent-revoke',
  on: {
    mapped({ mapping }, world) {
      if (!mapping.buffer?.dead || mapping.buffer.released) return
      report(world, {
        rule: 'use-after-permanent-revoke',
        severity: 'error',
        at: mapping.mapped!,
        mapping,
        revocation: mapping.buffer.revocation,
        comm: world.record.comm,
        pid: world.record.pid,
        evidence: [mapping.buffer.revocation?.requested, mapping.mapped],
        absent: between(mapping.buffer.revocation?.requested ?? null, mapping.mapped!),
        missing: tie(mapping.buffer, mapping.mapped),
        summary: `${importerName(mapping.attachment)} mapped ${bufferName(mapping.buffer)} after it had been revoked for good`,
      })
    },
    revived({ buffer, at }, world) {
      report(world, {
        rule: 'use-after-permanent-revoke',
        severity: 'error',
        at,
        buffer,
        revocation: buffer.revocation,
        comm: world.record.comm,
        pid: world.record.pid,
        evidence: [buffer.revocation?.requested, at],
        absent: between(buffer.revocation?.requested ?? null, at),
        summary: `${bufferName(buffer)} was restored after it had been revoked for good`,
      })
    },
    attached({ attachment }, world) {
      const { buffer } = attachment
      if (!buffer?.dead || buffer.released) return
      if (attachment.attached?.seq !== world.now.seq) return
      const { revocation } = buffer
      const since = revocation?.notified ?? revocation?.invalidated
      if (!since || (attachment.entered ?? attachment.attached).seq < since.seq) return
      const race = attachment.entered === null && attachment.attached.ns - since.ns < world.thresholds.attachRace
      report(world, {
        rule: 'use-after-permanent-revoke',
        severity: 'error',
        at: attachment.attached,
        attachment,
        revocation,
        comm: world.record.comm,
        pid: world.record.pid,
        evidence: [revocation!.requested, attachment.entered, attachment.attached],
        absent: between(revocation!.requested, attachment.attached),
        missing:
          tie(buffer, attachment.entered ?? attachment.attached) ??
          (race ? "the attach may have passed the exporter's test before the revoke: its entry is not probed" : null),
        summary: `${importerName(attachment)} attached to ${bufferName(buffer)} after it had been revoked for good`,
      })
    },
  },
}

function tie({ revocation, since }: Buffer, use: Sighting | null): string | null {
  return (
    tied('the use and the revoke', revocation?.notified ?? revocation?.invalidated, use) ??
    tied('the use and the end of the revoke', since, use)
  )
}

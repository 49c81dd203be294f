import { demote, report } from '../findings.ts'
import { tied } from '../world/order.ts'
import type { RuleModule } from './rule.ts'
import { bufferName, importerName, span } from './wording.ts'

/**
 * R3b. An attach succeeded while its buffer was revoked; VFIO refuses it with -ENODEV.
 *
 * Traps: VFIO tests without a lock, so an attach that had *entered* before the invalidate may return after it, even
 * milliseconds later: harmless, since the map is tested again. Only the entry's time decides.
 */
export const attachWhileRevoked: RuleModule = {
  rule: 'attach-while-revoked',
  on: {
    restored({ revocation }, world) {
      for (const finding of revocation.findings) {
        if (finding.draft.rule !== 'attach-while-revoked' || finding.verdict !== 'violated') continue
        const missing = tied('the attach and the restore', finding.draft.at, world.now)
        if (missing) demote(world, finding, missing)
      }
    },
    attached({ attachment }, world) {
      const { buffer } = attachment
      if (!buffer || attachment.attached?.seq !== world.now.seq) return
      const revocation = buffer.revocation
      const revoked =
        revocation?.kind === 'move' &&
        !revocation.restored &&
        (buffer.state === 'revoking' || buffer.state === 'revoked')
      if (buffer.dead || (!revoked && !buffer.bornRevoked)) return
      const since = revoked ? (revocation.notified ?? revocation.invalidated) : buffer.exported!
      const entered = attachment.entered ?? attachment.attached
      if (entered.seq < since.seq) return
      const tie = tied('the attach and the revoke', entered, since)
      const race = attachment.entered === null && attachment.attached.ns - since.ns < world.thresholds.attachRace
      report(world, {
        rule: 'attach-while-revoked',
        severity: 'error',
        at: attachment.attached,
        attachment,
        revocation: revoked ? revocation : null,
        comm: world.record.comm,
        pid: world.record.pid,
        evidence: [revoked ? revocation.requested : null, since, attachment.entered, attachment.attached],
        absent: { from: (revoked ? revocation.requested : buffer.vfio!.since)?.ns ?? null, to: attachment.attached.ns },
        missing:
          tie ??
          (race
            ? `the attach was printed ${span(attachment.attached.ns - since.ns)} after the revoke and its entry is not probed: it may have passed the exporter's test before`
            : null),
        summary: `${importerName(attachment)} attached to ${bufferName(buffer)} while it was revoked`,
      })
    },
  },
}

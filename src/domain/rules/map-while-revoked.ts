import { report } from '../findings.ts'
import type { RuleModule } from './rule.ts'
import { bufferName, importerName } from './wording.ts'

/**
 * R3. A map succeeded while its buffer was revoked: the exporter must refuse it with -ENODEV.
 *
 * Traps: the moves of a device visit its buffers one after the other, so a buffer is revoked from its own invalidate
 * on, and legal again from its own invalidate of the un-revoke, before the move returns; a failed map carries garbage;
 * an exporter that only moves its buffers lets them be mapped again at once, so only a visible revoked state counts.
 */
export const mapWhileRevoked: RuleModule = {
  rule: 'map-while-revoked',
  on: {
    mapped({ mapping }, world) {
      const { buffer } = mapping
      const revocation = buffer?.revocation
      if (!buffer || !revocation || revocation.kind !== 'move' || revocation.restored || buffer.dead) return
      if (buffer.state !== 'revoking' && buffer.state !== 'revoked') return
      const told = revocation.notified ?? revocation.invalidated
      report(world, {
        rule: 'map-while-revoked',
        severity: 'critical',
        at: mapping.mapped!,
        mapping,
        revocation,
        comm: world.record.comm,
        pid: world.record.pid,
        evidence: [revocation.requested, revocation.invalidated, revocation.notified, mapping.mapped],
        absent: { from: revocation.invalidated.ns, to: mapping.mapped!.ns },
        missing:
          told.ns === mapping.mapped!.ns
            ? 'the map and the revoke bear the same time stamp: which came first is not certain'
            : null,
        summary: `${importerName(mapping.attachment)} mapped ${bufferName(buffer)} while it was revoked`,
      })
    },
  },
}

import { resetOfExporter } from '../evolve/reset-scope.ts'
import { demote, report } from '../findings.ts'
import type { Mapping, Sighting } from '../world/entities.ts'
import { tied } from '../world/order.ts'
import type { RuleModule } from './rule.ts'
import { bufferName, importerName } from './wording.ts'

/**
 * R3. A map succeeded while its buffer was revoked: the exporter must refuse it with -ENODEV.
 *
 * Traps: the moves of a device visit its buffers one after the other, so a buffer is revoked from its own invalidate
 * on, and legal again from its own invalidate of the un-revoke, before the move returns; a failed map carries garbage;
 * an exporter that only moves its buffers lets them be mapped again at once, so only a visible revoked state counts;
 * `dma_buf_map_attachment_unlocked()` drops the lock before it returns, so its return can come after the revoke.
 */
export const mapWhileRevoked: RuleModule = {
  rule: 'map-while-revoked',
  on: {
    restored({ revocation }, world) {
      for (const finding of revocation.findings) {
        if (finding.draft.rule !== 'map-while-revoked' || finding.verdict !== 'violated') continue
        const missing = tied('the map and the restore', finding.draft.at, world.now)
        if (missing) demote(world, finding, missing)
      }
    },
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
        reset: resetOfExporter(world, buffer),
        comm: world.record.comm,
        pid: world.record.pid,
        evidence: [revocation.requested, revocation.invalidated, revocation.notified, mapping.mapped],
        absent: { from: revocation.requested.ns, to: mapping.mapped!.ns },
        missing: doubt(mapping, told),
        summary: `${importerName(mapping.attachment)} mapped ${bufferName(buffer)} while it was revoked`,
      })
    },
  },
}

function doubt(mapping: Mapping, told: Sighting): string | null {
  const tie = tied('the map and the revoke', told, mapping.mapped)
  if (tie) return tie
  const unlocked = mapping.via.has('dma_buf_map_attachment_unlocked') && mapping.via.size === 1
  if (!unlocked || (mapping.entered && mapping.entered.seq > told.seq)) return null
  return 'only the return of dma_buf_map_attachment_unlocked() is probed, which had dropped the lock: the map may have come before the revoke'
}

import { report } from '../findings.ts'
import type { Fence, Sighting } from '../world/entities.ts'
import type { RuleModule } from './rule.ts'
import { bufferName, resetName } from './wording.ts'

/**
 * R4. The exporter went on to reset without waiting for the fences of the buffer's reservation object.
 *
 * Traps: a wait for usage 0, 1 or 2 (KERNEL, WRITE, READ) does not cover BOOKKEEP fences; importers wait at map
 * (usage 0), which is no revoke wait; a wait after the reset, in the un-revoke, comes too late; without a fence seen to
 * be pending nobody is known to have been cut off.
 */
export const fencesNotAwaited: RuleModule = {
  rule: 'fences-not-awaited',
  on: {
    reset({ reset }, world) {
      if (!reset.touched) return
      for (const buffer of reset.buffers) {
        const { revocation } = buffer
        if (!revocation || revocation.requested.seq > reset.touched.seq) continue
        if (revocation.restored && revocation.restored.seq < reset.touched.seq) continue
        if (revocation.fences && revocation.fences.seq < reset.touched.seq) continue
        const pending = reset.unsignalled.filter((fence) => fence.buffer === buffer)
        if (pending.length === 0 && !world.seen.has('reservation-wait')) continue
        report(world, {
          rule: 'fences-not-awaited',
          severity: 'error',
          at: reset.touched,
          buffer,
          revocation,
          reset,
          comm: world.record.comm,
          pid: reset.pid,
          evidence: [revocation.requested, revocation.notified, ...pending.map((fence) => fence.added), reset.touched],
          absent: { from: earliest(revocation.requested, pending), to: reset.touched.ns },
          needs: [['dma_fence_signaled', 'dma_resv_wait_timeout%return']],
          missing:
            pending.length === 0
              ? 'no fence of this buffer was seen to be pending, so that none was needed is possible'
              : null,
          summary:
            pending.length === 0
              ? `no wait for the fences of ${bufferName(buffer)} was seen between its invalidate and ${resetName(reset)}`
              : `${resetName(reset)} began while ${pending.map((f) => `fence ${f.key}`).join(', ')} of ${bufferName(buffer)} had not signalled and nobody had waited`,
        })
      }
    },
  },
}

/** A signal can have been lost from the moment that a fence was added. */
function earliest(requested: Sighting, pending: readonly Fence[]): bigint {
  return pending.reduce((first, { added }) => (added.ns < first ? added.ns : first), requested.ns)
}

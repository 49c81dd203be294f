import { report } from '../findings.ts'
import type { Reset, Revocation, Sighting } from '../world/entities.ts'
import type { Fence } from '../world/fence.ts'
import { isTie } from '../world/order.ts'
import type { RuleModule } from './rule.ts'
import { bufferName, resetName, span } from './wording.ts'

/**
 * R14. A fence of a revoked buffer signalled only after the reset had begun, or after its revoke was taken for complete.
 *
 * Traps: `dma_fence_signaled` can be printed late, so a wait that has returned decides, not the signal's line; fences
 * never added to this reservation object (a driver's control queue) say nothing; destroy is no signal.
 */
export const lateFence: RuleModule = {
  rule: 'late-fence',
  on: {
    'fence-signalled'({ fence }, world) {
      const { buffer } = fence
      const { revocation } = buffer
      if (fence.awaited || !revocation || !fence.signalled) return
      const over = end(fence, revocation, buffer.lastReset)
      if (!over || isTie(over.at, fence.signalled)) return
      report(world, {
        rule: 'late-fence',
        severity: 'error',
        at: fence.signalled,
        buffer,
        revocation,
        reset: over.reset,
        comm: world.record.comm,
        pid: world.record.pid,
        evidence: [fence.added, revocation.requested, over.at, fence.signalled],
        absent: { from: earlier(fence.added, revocation.requested).ns, to: fence.signalled.ns },
        missing: fence.shared ? 'other buffers share the reservation object: the fence may be theirs' : null,
        summary: `fence ${fence.key} of ${bufferName(buffer)} signalled ${span(fence.signalled.ns - over.at.ns)} after ${over.reset ? `${resetName(over.reset)} had begun` : 'the revoke was over'}`,
      })
    },
  },
}

/** What the fence should have come before: the reset, or else the end of the revoke. */
function end(fence: Fence, revocation: Revocation, reset: Reset | null): { at: Sighting; reset: Reset | null } | null {
  for (const at of [reset?.touched, revocation.completed]) {
    if (!at || fence.added.seq > at.seq || revocation.requested.seq > at.seq) continue
    if (revocation.restored && revocation.restored.seq < at.seq) continue
    return { at, reset: at === reset?.touched ? reset : null }
  }
  return null
}

function earlier(a: Sighting, b: Sighting): Sighting {
  return a.ns < b.ns ? a : b
}

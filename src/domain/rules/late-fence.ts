import { report } from '../findings.ts'
import type { RuleModule } from './rule.ts'
import { bufferName, resetName, span } from './wording.ts'

/**
 * R14. A fence of a revoked buffer signalled only after the reset had begun.
 *
 * Traps: `dma_fence_signaled` can be printed late, so a wait that has returned decides, not the signal's line; fences
 * never added to this reservation object (a driver's control queue) say nothing; destroy is no signal.
 */
export const lateFence: RuleModule = {
  rule: 'late-fence',
  on: {
    'fence-signalled'({ fence }, world) {
      const { buffer } = fence
      const { revocation, lastReset: reset } = buffer
      if (fence.awaited || !revocation || !reset?.touched || !fence.signalled) return
      if (fence.added.seq > reset.touched.seq || revocation.requested.seq > reset.touched.seq) return
      if (revocation.restored && revocation.restored.seq < reset.touched.seq) return
      report(world, {
        rule: 'late-fence',
        severity: 'error',
        at: fence.signalled,
        buffer,
        revocation,
        reset,
        comm: world.record.comm,
        pid: world.record.pid,
        evidence: [fence.added, revocation.requested, reset.touched, fence.signalled],
        absent: { from: fence.added.ns, to: fence.signalled.ns },
        summary: `fence ${fence.key} of ${bufferName(buffer)} signalled ${span(fence.signalled.ns - reset.touched.ns)} after ${resetName(reset)} had begun`,
      })
    },
  },
}

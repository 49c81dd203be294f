import { report } from '../findings.ts'
import type { RuleModule } from './rule.ts'
import { bufferName, importerName, joinDoubt } from './wording.ts'

/** R16. An attachment went with pins left, or with one unpin too many. Trap: the core's own pin of a legacy map is not visible. */
export const pinImbalance: RuleModule = {
  rule: 'pin-imbalance',
  on: {
    detached({ attachment }, world) {
      if (attachment.pins === 0 || !attachment.attached) return
      report(world, {
        rule: 'pin-imbalance',
        severity: 'warning',
        at: attachment.detached!,
        attachment,
        comm: world.record.comm,
        pid: world.record.pid,
        evidence: [attachment.attached, attachment.detached],
        absent: { from: attachment.attached.ns, to: attachment.detached!.ns },
        needs: [['pin'], ['unpin']],
        missing:
          attachment.unprovenPins > 0
            ? 'whether dma_buf_pin() succeeded is not in the trace: its return is not probed'
            : joinDoubt(attachment),
        summary: `${importerName(attachment)} detached from ${bufferName(attachment.buffer)} with ${attachment.pins > 0 ? `${attachment.pins} pins left` : `${-attachment.pins} unpins too many`}`,
      })
    },
  },
}

import { report } from '../findings.ts'
import { tied } from '../world/order.ts'
import type { RuleModule } from './rule.ts'
import { bufferName, importerName, joinDoubt } from './wording.ts'

/** R9. A map or unmap through an attachment that was detached, and so freed. Trap: the pointer of a lost attach event. */
export const useAfterDetach: RuleModule = {
  rule: 'use-after-detach',
  on: {
    'used-detached'({ attachment, call }, world) {
      if (attachment.flagged.includes('use-after-detach')) return
      attachment.flagged.push('use-after-detach')
      report(world, {
        rule: 'use-after-detach',
        severity: 'critical',
        at: world.now,
        attachment,
        comm: world.record.comm,
        pid: world.record.pid,
        evidence: [attachment.attached, attachment.detached, world.now],
        absent: { from: attachment.detached!.ns, to: world.now.ns },
        // A map that shows no attachment is taken for that of an open call, where no attach could say better.
        needs: [['attach']],
        missing: tied(`the ${call} and the detach`, attachment.detached, world.now) ?? joinDoubt(attachment),
        summary: `${importerName(attachment)} called ${call} through an attachment to ${bufferName(attachment.buffer)} that it had detached`,
      })
    },
  },
}

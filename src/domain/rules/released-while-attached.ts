import { detachProbes } from '../evolve/detachments.ts'
import { demoteOf, report } from '../findings.ts'
import { tied } from '../world/order.ts'
import type { RuleModule } from './rule.ts'
import { attachDoubt, bufferName, importerName } from './wording.ts'

/** R10. A buffer was released while somebody was still attached. Trap: its detach may be among the lost events. */
export const releasedWhileAttached: RuleModule = {
  rule: 'released-while-attached',
  on: {
    released({ buffer }, world) {
      for (const attachment of buffer.attachments) {
        world.orphans.add(attachment)
        report(world, {
          rule: 'released-while-attached',
          severity: 'error',
          at: world.now,
          attachment,
          comm: world.record.comm,
          pid: world.record.pid,
          evidence: [attachment.attached, ...[...attachment.mappings].map((m) => m.mapped), world.now],
          absent: { from: attachment.attached?.ns ?? null, to: world.now.ns },
          needs: detachProbes(attachment),
          missing: attachDoubt(attachment),
          summary: `${bufferName(buffer)} was released while ${importerName(attachment)} was attached`,
        })
      }
    },
    detached({ attachment }, world) {
      if (!world.orphans.delete(attachment)) return
      const missing = tied('the release and the detach', attachment.buffer?.released, attachment.detached)
      if (missing) demoteOf(world, 'released-while-attached', (draft) => draft.attachment === attachment, missing)
    },
  },
}

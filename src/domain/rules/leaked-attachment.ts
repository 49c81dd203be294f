import { detachProbes } from '../evolve/detachments.ts'
import { report } from '../findings.ts'
import { hasLeaked, openAttachments, openDoubt } from './leak-evidence.ts'
import type { RuleModule } from './rule.ts'
import { attachDoubt, bufferName, importerName } from './wording.ts'

/** R7. An attachment that nobody detached. Its traps are those of `leaked-mapping`. */
export const leakedAttachment: RuleModule = {
  rule: 'leaked-attachment',
  on: {
    ended({ at }, world) {
      for (const attachment of openAttachments(world)) {
        report(world, {
          rule: 'leaked-attachment',
          severity: 'warning',
          at: attachment.attached ?? at,
          attachment,
          pid: attachment.pid,
          evidence: [attachment.attached, attachment.listed, at],
          absent: { from: attachment.attached?.ns ?? null, to: at.ns },
          needs: detachProbes(attachment),
          missing: hasLeaked(world, attachment, at) ? attachDoubt(attachment) : openDoubt(attachment, at),
          summary: `${importerName(attachment)} never detached from ${bufferName(attachment.buffer)}`,
        })
      }
    },
  },
}

import { report } from '../findings.ts'
import type { Attachment } from '../world/entities.ts'
import { tied } from '../world/order.ts'
import type { World } from '../world/world.ts'
import type { RuleModule } from './rule.ts'
import { taskOf } from './task-of.ts'
import { bufferName, importerName } from './wording.ts'

/**
 * R15. The buffer came back, its importer did not: iommufd and pinned importers never map again after a revoke, and
 * the peer-to-peer path is gone without a word. Trap: importers that simply had no further need look the same.
 */
export const importerLostMapping: RuleModule = {
  rule: 'importer-lost-mapping',
  on: {
    detached({ attachment }, world) {
      lost(world, attachment)
    },
    ended(_, world) {
      for (const buffer of world.unreleased) for (const attachment of buffer.attachments) lost(world, attachment)
    },
  },
}

function lost(world: World, attachment: Attachment): void {
  const restored = attachment.buffer?.revocation?.restored ?? attachment.retired?.revocation?.restored
  if (!attachment.lost || !restored || restored.seq < attachment.lost.seq) return
  if (attachment.flagged.includes('importer-lost-mapping')) return
  attachment.flagged.push('importer-lost-mapping')
  report(world, {
    rule: 'importer-lost-mapping',
    severity: 'info',
    at: attachment.lost,
    attachment,
    mapping: attachment.retired,
    ...taskOf(world, attachment.pid),
    evidence: [attachment.lost, restored],
    missing: tied('the end of the mapping and the restore', attachment.lost, restored),
    absent: { from: attachment.lost.ns, to: world.now.ns },
    summary: `${importerName(attachment)} lost its mapping of ${bufferName(attachment.buffer)} to a revoke and never mapped it again, although it was restored`,
  })
}

import { unmapProbes } from '../evolve/unmap-evidence.ts'
import { report } from '../findings.ts'
import type { Mapping, Sighting } from '../world/entities.ts'
import type { World } from '../world/world.ts'
import { hasLeaked, openAttachments, openDoubt } from './leak-evidence.ts'
import type { RuleModule } from './rule.ts'
import { joinDoubt, mappingName } from './wording.ts'

/**
 * R7. A mapping that nobody took down. Open at the end of a trace it may simply live on: only after
 * its buffer's release, or well after its owner's exit, has it leaked.
 *
 * Traps: DRM importers hold for hours by design; a process that exits lets go a moment *after* its exit event.
 */
export const leakedMapping: RuleModule = {
  rule: 'leaked-mapping',
  on: {
    ended({ at }, world) {
      for (const attachment of openAttachments(world))
        for (const mapping of attachment.mappings) leaked(world, mapping, at)
    },
  },
}

function leaked(world: World, mapping: Mapping, at: Sighting): void {
  const attachment = mapping.attachment!
  report(world, {
    rule: 'leaked-mapping',
    severity: 'warning',
    at: mapping.mapped ?? at,
    mapping,
    pid: attachment.pid,
    evidence: [mapping.mapped, attachment.listed, at],
    absent: { from: mapping.mapped?.ns ?? null, to: at.ns },
    needs: unmapProbes(world, mapping),
    missing: hasLeaked(world, attachment, at) ? joinDoubt(attachment) : openDoubt(attachment, at),
    summary: `${mappingName(mapping)} was never unmapped`,
  })
}

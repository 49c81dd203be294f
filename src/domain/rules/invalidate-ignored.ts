import { unmapProbes } from '../evolve/unmap-evidence.ts'
import { demoteOf, report } from '../findings.ts'
import { tied } from '../world/order.ts'
import type { RuleModule } from './rule.ts'
import { bufferName, importerName } from './wording.ts'

/**
 * R6b. The exporter invalidated a buffer while an importer without the callback had it mapped: the notification went
 * nowhere. One finding a mapping, however many invalidates it ignores.
 *
 * Traps: importers with a callback fall under `late-unmap`; the invalidate of an un-revoke tells nobody anything.
 */
export const invalidateIgnored: RuleModule = {
  rule: 'invalidate-ignored',
  on: {
    unmapped({ mapping }, world) {
      if (!mapping.flagged.includes('invalidate-ignored')) return
      const missing = tied('the unmap and the revoke', mapping.invalidated, mapping.unmapped)
      if (missing) demoteOf(world, 'invalidate-ignored', (draft) => draft.mapping === mapping, missing)
    },
    invalidated({ buffer, revocation, live, at }, world) {
      for (const mapping of live) {
        const importer = mapping.attachment!.class
        if (importer !== 'legacy' && importer !== 'pinned') continue
        if (mapping.flagged.includes('invalidate-ignored')) continue
        mapping.flagged.push('invalidate-ignored')
        report(world, {
          rule: 'invalidate-ignored',
          severity: 'error',
          at,
          mapping,
          revocation,
          comm: world.record.comm,
          pid: world.record.pid,
          evidence: [mapping.attachment!.attached, mapping.mapped, at],
          absent: { from: mapping.mapped?.ns ?? null, to: at.ns },
          needs: unmapProbes(world, mapping),
          missing: tied('the map and the revoke', mapping.mapped, at),
          summary: `${bufferName(buffer)} was invalidated while ${importerName(mapping.attachment)} had it mapped, which has no callback to hear it`,
        })
      }
    },
  },
}

import { unmapProbes } from '../evolve/unmap-evidence.ts'
import { report } from '../findings.ts'
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
    invalidated({ buffer, revocation, live, at }, world) {
      for (const mapping of live) {
        const importer = mapping.attachment?.class ?? 'unknown'
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
          evidence: [mapping.attachment?.attached, mapping.mapped, at],
          absent: { from: mapping.mapped?.ns ?? null, to: at.ns },
          needs: unmapProbes(world, mapping),
          summary: `${bufferName(buffer)} was invalidated while ${importerName(mapping.attachment)} had it mapped, which has no callback to hear it`,
        })
      }
    },
  },
}

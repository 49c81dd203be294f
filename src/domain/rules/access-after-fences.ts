import { report } from '../findings.ts'
import { mappingsCovering } from '../world/mapping-index.ts'
import { tied } from '../world/order.ts'
import type { RuleModule } from './rule.ts'
import { bufferName, hex, importerName, span } from './wording.ts'

/**
 * R2b. A device wrote, or went on using in full, a mapping whose revocation had drained its fences: until the unmap
 * only speculative reads are allowed. Known only from an access that a user's recogniser declares; an IOMMU lets it pass.
 */
export const accessAfterFences: RuleModule = {
  rule: 'access-after-fences',
  on: {
    access(fact, world) {
      if (!fact.exact) return
      const mapping = mappingsCovering(world.mappings, fact.device, fact.address).find((m) => m.unmapped === null)
      const fences = mapping?.revocation?.fences
      if (!mapping || !fences || mapping.revocation?.restored) return
      if (mapping.flagged.includes('access-after-fences')) return
      mapping.flagged.push('access-after-fences')
      report(world, {
        rule: 'access-after-fences',
        severity: 'error',
        at: fact.at,
        mapping,
        revocation: mapping.revocation,
        iova: fact.address,
        comm: world.record.comm,
        pid: world.record.pid,
        evidence: [mapping.invalidated, fences, fact.at],
        missing: tied('the access and the end of the wait for fences', fences, fact.at),
        absent: { from: mapping.mapped?.ns ?? fences.ns, to: fact.at.ns },
        summary: `${importerName(mapping.attachment)} accessed ${hex(fact.address)} ${span(fact.at.ns - fences.ns)} after the fences of ${bufferName(mapping.buffer)} had drained`,
      })
    },
  },
}

import { report } from '../findings.ts'
import { tied } from '../world/order.ts'
import type { RuleModule } from './rule.ts'
import { mappingName, span } from './wording.ts'

/** R8. A mapping was unmapped a second time. Trap: pointers are reused, so a map in between that was lost looks the same. */
export const doubleUnmap: RuleModule = {
  rule: 'double-unmap',
  on: {
    'unmapped-again'({ mapping }, world) {
      report(world, {
        rule: 'double-unmap',
        severity: 'critical',
        at: world.now,
        mapping,
        comm: world.record.comm,
        pid: world.record.pid,
        evidence: [mapping.mapped, mapping.unmapEntered, mapping.unmapped, world.now],
        // Another thread may be given the same table before the unmap has returned.
        absent: { from: (mapping.unmapEntered ?? mapping.unmapped!).ns, to: world.now.ns },
        needs: [['map']],
        missing: tied('the two unmaps', mapping.unmapped, world.now),
        summary: `${mappingName(mapping)} was unmapped again, ${span(world.now.ns - mapping.unmapped!.ns)} after it had gone`,
      })
    },
  },
}

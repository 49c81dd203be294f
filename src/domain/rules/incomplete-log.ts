import { report } from '../findings.ts'
import { describeGap } from '../world/window.ts'
import type { RuleModule } from './rule.ts'

/** R20. Events are missing. Whatever rests on their absence becomes `undetermined`. */
export const incompleteLog: RuleModule = {
  rule: 'incomplete-log',
  on: {
    gap({ gap }, world) {
      report(world, {
        rule: 'incomplete-log',
        severity: 'info',
        at: { ...world.now, ns: gap.from ?? gap.to ?? world.now.ns, seq: gap.seq },
        evidence: [{ ...world.now, seq: gap.seq }],
        summary: `this trace is incomplete: ${describeGap(gap)}`,
      })
    },
  },
}

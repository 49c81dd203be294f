import { report } from '../findings.ts'
import type { RuleModule } from './rule.ts'
import { bufferName, resetName } from './wording.ts'

/** R12. Buffers were made usable again before the reset of their device was over. Trap: a restore of nothing, at close. */
export const earlyRestore: RuleModule = {
  rule: 'early-restore',
  on: {
    'restore-during-reset'({ reset, at, buffers }, world) {
      for (const buffer of buffers) {
        report(world, {
          rule: 'early-restore',
          severity: 'error',
          at,
          buffer,
          reset,
          comm: world.record.comm,
          pid: world.record.pid,
          evidence: [reset.touched, at],
          absent: { from: reset.touched!.ns, to: at.ns },
          summary: `${bufferName(buffer)} was restored while ${resetName(reset)} was still running`,
        })
      }
    },
  },
}

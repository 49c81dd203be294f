import { TEXT } from '../evolve/reset-text.ts'
import { demote, report } from '../findings.ts'
import type { Reset } from '../world/entities.ts'
import { tied } from '../world/order.ts'
import type { RuleModule } from './rule.ts'
import { bufferName, resetName } from './wording.ts'

/** Of a reset whose return is not probed nothing says that it was still running. */
function returnOf({ frames }: Reset): string[][] {
  const around = frames[0]?.fn
  return around === undefined || around === TEXT ? [] : [[`${around}%return`]]
}

/** R12. Buffers were made usable again before the reset of their device was over. Trap: a restore of nothing, at close. */
export const earlyRestore: RuleModule = {
  rule: 'early-restore',
  on: {
    reset({ reset }, world) {
      for (const finding of reset.findings) {
        if (finding.draft.rule !== 'early-restore' || finding.verdict !== 'violated') continue
        const missing = tied('the restore and the end of the reset', finding.draft.at, reset.finished)
        if (missing) demote(world, finding, missing)
      }
    },
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
          missing:
            tied('the restore and the reset', reset.touched, at) ??
            tied('the restore and the end of the reset', at, reset.finished),
          needs: returnOf(reset),
          absent: { from: reset.touched!.ns, to: at.ns },
          summary: `${bufferName(buffer)} was restored while ${resetName(reset)} was still running`,
        })
      }
    },
  },
}

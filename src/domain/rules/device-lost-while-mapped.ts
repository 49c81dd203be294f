import { unmapProbes } from '../evolve/unmap-evidence.ts'
import { addEvidence, demoteOf, report } from '../findings.ts'
import type { DeviceLoss } from '../world/device-loss.ts'
import type { Mapping } from '../world/entities.ts'
import { isTie, tied } from '../world/order.ts'
import { between } from '../world/window.ts'
import type { World } from '../world/world.ts'
import type { RuleModule } from './rule.ts'
import { joinDoubt, mappingName } from './wording.ts'

/**
 * R18. The exporter's device was lost (a fatal error, its link or its card gone, no answer after a reset) while an
 * importer still had one of its buffers mapped.
 *
 * Traps: the *importer's* device may be lost without harm to the buffer; corrected and non-fatal errors lose nothing;
 * hotplug names the port, not the device below it; a reset tries one method after the other, so giving up on the first
 * is not the end. One finding a mapping: what else is told of the same loss is its evidence.
 */
export const deviceLostWhileMapped: RuleModule = {
  rule: 'device-lost-while-mapped',
  on: {
    unmapped({ mapping }, world) {
      if (!mapping.flagged.includes('device-lost-while-mapped')) return
      demoteOf(
        world,
        'device-lost-while-mapped',
        (draft) => draft.mapping === mapping && isTie(draft.at, mapping.unmapped),
        tiedUnmap,
      )
    },
    'device-lost'({ loss }, world) {
      for (const mapping of loss.live)
        lost(world, loss, mapping, loss.doubt ?? tie(loss, mapping) ?? joinDoubt(mapping.attachment!))
      for (const { mapping, why } of loss.doubtful) lost(world, loss, mapping, why)
    },
  },
}

const tiedUnmap = 'the unmap and the loss bear the same time stamp: which came first is not certain'

function lost(world: World, loss: DeviceLoss, mapping: Mapping, missing: string | null): void {
  const earlier = world.findings.find(
    ({ draft }) => draft.rule === 'device-lost-while-mapped' && draft.mapping === mapping,
  )
  if (earlier && (earlier.verdict === 'violated' || missing)) return addEvidence(world, earlier, loss.at)
  mapping.flagged.push('device-lost-while-mapped')
  report(world, {
    rule: 'device-lost-while-mapped',
    severity: 'error',
    at: loss.at,
    mapping,
    evidence: [mapping.mapped, loss.at],
    absent: between(mapping.mapped, loss.at),
    needs: unmapProbes(world, mapping),
    missing,
    summary: `${mappingName(mapping)} was live when ${loss.what}`,
  })
}

function tie(loss: DeviceLoss, mapping: Mapping): string | null {
  return tied('the map and the loss', mapping.mapped, loss.at)
}

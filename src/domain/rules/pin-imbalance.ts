import { refusesPin } from '../exporters.ts'
import { report } from '../findings.ts'
import type { RuleModule } from './rule.ts'
import { bufferName, importerName, joinDoubt } from './wording.ts'

/**
 * R16. An attachment went with pins left, or was unpinned once too often, be it only for a while; or an exporter that
 * must refuse pins let one pass.
 *
 * Traps: the core's own pin of a legacy map is not visible; which exporters refuse pins depends on the kernel.
 */
export const pinImbalance: RuleModule = {
  rule: 'pin-imbalance',
  on: {
    pinned({ attachment }, world) {
      const { buffer } = attachment
      if (!refusesPin(buffer?.exporter ?? null, world.kernel) || attachment.flagged.includes('pin-imbalance')) return
      attachment.flagged.push('pin-imbalance')
      report(world, {
        rule: 'pin-imbalance',
        severity: 'warning',
        at: world.now,
        attachment,
        comm: world.record.comm,
        pid: world.record.pid,
        evidence: [attachment.attached, world.now],
        missing: joinDoubt(attachment),
        summary: `${importerName(attachment)} pinned ${bufferName(buffer)}, whose exporter must refuse pins`,
      })
    },
    detached({ attachment }, world) {
      const { pins, overdrawn } = attachment
      if ((pins === 0 && !overdrawn) || !attachment.attached) return
      report(world, {
        rule: 'pin-imbalance',
        severity: 'warning',
        at: attachment.detached!,
        attachment,
        comm: world.record.comm,
        pid: world.record.pid,
        evidence: [attachment.attached, pins === 0 ? overdrawn : null, attachment.detached],
        absent: { from: attachment.attached.ns, to: attachment.detached!.ns },
        needs: [['pin'], ['unpin']],
        missing:
          attachment.unprovenPins > 0
            ? 'whether dma_buf_pin() succeeded is not in the trace: its return is not probed'
            : joinDoubt(attachment),
        summary:
          pins === 0
            ? `${importerName(attachment)} unpinned ${bufferName(attachment.buffer)} before it had pinned it`
            : `${importerName(attachment)} detached from ${bufferName(attachment.buffer)} with ${pins > 0 ? `${pins} pin${pins === 1 ? '' : 's'} left` : `${-pins} unpin${pins === -1 ? '' : 's'} too many`}`,
      })
    },
  },
}

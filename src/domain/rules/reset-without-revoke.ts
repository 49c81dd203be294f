import { report } from '../findings.ts'
import type { Buffer, Sighting } from '../world/entities.ts'
import { tied } from '../world/order.ts'
import { between } from '../world/window.ts'
import type { RuleModule } from './rule.ts'
import { taskOf } from './task-of.ts'
import { bufferName, resetName } from './wording.ts'

/**
 * R5b. The device was reset although nobody had revoked its buffers: the path through sysfs, and error recovery
 * (KERNEL.md §0.7).
 *
 * Traps: at open there are no buffers; after the close they are dead; a buffer revoked earlier and not restored is
 * covered; an exporter without `vfio_pci_dma_buf_move()` revokes by its invalidate.
 */
export const resetWithoutRevoke: RuleModule = {
  rule: 'reset-without-revoke',
  on: {
    reset({ reset }, world) {
      if (!reset.touched) return
      for (const buffer of reset.unrevoked) {
        const mapped = [...reset.live].some((mapping) => mapping.buffer === buffer)
        report(world, {
          rule: 'reset-without-revoke',
          severity: mapped ? 'error' : 'warning',
          at: reset.touched,
          buffer,
          reset,
          exporterDevice: reset.bridge ? null : reset.device,
          ...taskOf(world, reset.pid),
          evidence: [buffer.exported, buffer.revocation?.restored, reset.first, reset.touched, reset.finished],
          absent: between(buffer.exported, reset.touched),
          needs: [['invalidate', 'device-move']],
          missing: doubt(buffer) ?? tie(buffer, reset.touched),
          summary: `${resetName(reset)} came without a revoke of ${bufferName(buffer)}${mapped ? '' : ', which nobody had mapped'}`,
        })
      }
    },
  },
}

/** Nobody can tell of what was before the trace. */
function doubt({ snapshot, traced, exported, mapped, state, ino }: Buffer): string | null {
  if (snapshot && !traced) return 'only a snapshot shows this buffer, and none says whether it was revoked'
  return exported === null && mapped === null && state === 'unknown'
    ? `buffer ${ino} is older than the trace, and may have been revoked before it`
    : null
}

function tie({ exported, released, restoring, revocation }: Buffer, touched: Sighting): string | null {
  return (
    tied('the export and the reset', exported, touched) ??
    tied('the release and the reset', released, touched) ??
    tied('the restore and the reset', restoring, touched) ??
    tied('the revoke and the reset', revocation?.requested, touched) ??
    tied('the revoke and the reset', revocation?.invalidated, touched)
  )
}

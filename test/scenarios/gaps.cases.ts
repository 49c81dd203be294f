/** What the events leave open must be said to be open: never a clean bill, never an accusation. */
import { attachment, dbtest, mapping, NVME, virtgpu } from './cast.ts'
import * as b from './kernel-buffers.ts'
import { as, KWORKER, kernelLog, type Ledger, loseHere, print, wait } from './kernel-lines.ts'
import * as v from './kernel-vfio.ts'
import { hardwareReset } from './module-exporter.cases.ts'
import { begin, buf, end } from './vfio.cases.ts'

const dbt = b.buffer(5, 'dbtest')
const dbtMap = mapping(attachment(dbt, dbtest()))
const CALLER = 'dbt_ioctl+0x2cb/0x73a [dbtest]'
const m = mapping(attachment(buf, virtgpu))

/** The trace begins here: everything before was overwritten. */
function beginsHere(k: Ledger, how: 'header' | 'buffer started' | 'nothing'): void {
  k.lines.length = 0
  k.lines.push('# tracer: nop', '#')
  if (how === 'header') k.lines.push('# entries-in-buffer/entries-written: 24/9024   #P:2', '#')
  if (how === 'buffer started') k.lines.push('##### CPU 0 buffer started ####')
}

export const STARTS = ['header', 'buffer started', 'nothing'] as const

/** A module's buffer that is older than the trace is told and reset; who had it mapped is not in the trace. */
export const olderBuffer =
  (how: (typeof STARTS)[number]) =>
  (k: Ledger): void => {
    b.exportBuffer(k, dbt)
    b.attach(k, dbtMap.attachment)
    b.map(k, dbtMap)
    wait(k, 1)
    beginsHere(k, how)
    b.invalidate(k, dbt, CALLER)
    b.waitFences(k, dbt, { caller: CALLER })
    hardwareReset(k)
    wait(k, 5)
    print(k, 'tracing_mark_write', 'APP end')
  }

/** A sysfs reset is all that the trace holds. */
export const resetOnly =
  (how: (typeof STARTS)[number]) =>
  (k: Ledger): void => {
    begin(k)
    beginsHere(k, how)
    v.resetFunction(k, NVME, 'sysfs')
    wait(k, 1)
    end(k, m, true)
  }

/** No probes: native events and console text. */
export function textOnly(k: Ledger): void {
  begin(k)
  v.resetFunction(k, NVME, 'sysfs')
  wait(k, 0.1)
  b.detach(k, m.attachment)
}

export function textGivesUp(k: Ledger): void {
  begin(k)
  kernelLog(k, `vfio-pci ${NVME}: resetting`)
  for (const ms of [1023, 2047, 4095, 65535]) {
    wait(k, ms / 1000)
    kernelLog(k, `vfio-pci ${NVME}: not ready ${ms}ms after FLR; ${ms === 65535 ? 'giving up' : 'waiting'}`)
  }
  wait(k, 0.2)
  kernelLog(k, `vfio-pci ${NVME}: reset done`)
  wait(k, 0.1)
  b.detach(k, m.attachment)
}

/** Text only, exported and released before the reset: nothing is at stake. */
export function textAfterRelease(k: Ledger): void {
  v.open(k, NVME)
  wait(k, 1)
  v.resetFunction(k, NVME, 'sysfs')
}

/** The unmap may be among the lost. */
export function lostUnmap(k: Ledger): void {
  begin(k)
  loseHere(k, 12)
  wait(k, 0.01)
  v.resetFunction(k, NVME, 'sysfs')
  wait(k, 0.5)
  print(k, 'tracing_mark_write', 'APP end')
}

/** The revoke may be among the lost. */
export function lostRevoke(k: Ledger): void {
  begin(k)
  b.unmap(k, m)
  loseHere(k, null)
  wait(k, 0.01)
  v.resetFunction(k, NVME, 'ioctl')
  v.restore(k, NVME, 'ioctl', [buf])
  wait(k, 0.5)
  end(k)
}

/** A map may be among the lost. */
export function lostMap(k: Ledger): void {
  begin(k)
  b.unmap(k, m)
  as(k, KWORKER, () => print(k, 'tracing_mark_write', 'APP worker'))
  loseHere(k, 3)
  wait(k, 0.01)
  v.revokeAndReset(k, NVME, 'ioctl', [{ buffer: buf }])
  end(k)
}

import type { Act } from '../act.ts'
import { deviceErrorText } from './device-errors.ts'

/**
 * Kernel log text, as `printk:console` events carry it: IOMMU faults, resets and splats. `act.detail` says which kind
 * of line it is; a line of no meaning here stays a `console` act.
 */
export function recogniseKernelLog(text: string, act: Act): void {
  act.type = 'console'
  act.point = 'event'
  act.text = text
  if (fault(text, act)) return
  const suppressed = SUPPRESSED.exec(text)
  if (suppressed) {
    act.detail = 'faults-suppressed'
    act.size = suppressed[1]!
  }
  const device = PCI_LINE.exec(text)
  if (device) {
    act.exporter = device[1]!
    act.device = device[2]!
    reset(device[3]!, act)
  }
  deviceErrorText(text, act)
  splat(text, act)
  // i915 and xe: the physical function tells of a reset of one of its virtual ones, and does not name it.
  if (act.detail === null && /\bVF\d+ FLR\b/.test(text)) act.detail = 'vf-flr'
}

// drivers/iommu/intel/dmar.c dmar_fault_do_one(); older kernels print the device without its domain, with or without 0x
const DMAR =
  /DMAR: ?\[DMA (Read|Write)[^\]]*\] Request device \[([^\]]+)\](?: PASID \S+)? fault addr (?:0x)?([0-9a-f]+)/
// drivers/iommu/amd/iommu.c amd_iommu_report_page_fault()
const AMD_NEW =
  / (\S+): (?:AMD-Vi: )?Event logged \[IO_PAGE_FAULT domain=0x[0-9a-f]+ address=0x([0-9a-f]+) flags=0x([0-9a-f]+)/
const AMD_OLD =
  /Event logged \[IO_PAGE_FAULT device=(\S+) (?:domain|pasid)=\S+ address=0x([0-9a-f]+) flags=0x([0-9a-f]+)/
// drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c arm_smmu_dump_event()
const SMMU_V3 = /event: (F_TRANSLATION|F_PERMISSION|F_ACCESS|F_ADDR_SIZE) client: (\S+) .*?iova: 0x([0-9a-f]+)/
// lib/ratelimit.c ___ratelimit(), with the function that wanted to print
const SUPPRESSED = /(?:dmar_fault|amd_iommu_\w+|arm_smmu_\w+): (\d+) callbacks suppressed/

function fault(text: string, act: Act): boolean {
  const dmar = DMAR.exec(text)
  if (dmar) return faultAt(act, pciName(dmar[2]!), dmar[3]!, dmar[1] === 'Write' ? 'write' : 'read')
  const amd = AMD_NEW.exec(text)
  if (amd) return faultAt(act, pciName(amd[1]!), amd[2]!, amdDirection(amd[3]!))
  const old = AMD_OLD.exec(text)
  if (old) return faultAt(act, pciName(old[1]!), old[2]!, amdDirection(old[3]!))
  const smmu = SMMU_V3.exec(text)
  return smmu !== null && faultAt(act, smmu[2]!, smmu[3]!, null)
}

function faultAt(act: Act, device: string, address: string, direction: string | null): boolean {
  act.type = 'fault'
  act.device = device
  act.iova = `0x${address}`
  act.direction = direction
  return true
}

/** EVENT_FLAG_RW of drivers/iommu/amd/amd_iommu_types.h. */
function amdDirection(flags: string): string {
  return Number.parseInt(flags, 16) & 0x20 ? 'write' : 'read'
}

/** `00:02.0`, `0x00:0x02.0`, `0000:00:02.0` → `0000:00:02.0`. */
function pciName(text: string): string {
  const bare = text.replace(/0x/g, '')
  return /^[0-9a-f]{2}:/.test(bare) ? `0000:${bare}` : bare
}

const PCI_LINE = /(?:^|\s)(\S+) ([0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]): (.*)/

// drivers/pci/pci.c pci_dev_save_and_disable(), pci_dev_restore(), pci_dev_wait(), pci_wait_for_pending_transaction();
// drivers/xen/xen-pciback/pci_stub.c
function reset(said: string, act: Act): void {
  const waited = /^not ready (\d+)ms after ([^;]+); (waiting|giving up)/.exec(said)
  if (waited) {
    act.detail = waited[3] === 'waiting' ? 'not-ready' : 'gave-up'
    act.size = waited[1]!
    act.state = waited[2]!
  } else if (/^ready \d+ms after/.test(said)) act.detail = 'ready'
  else if (said === 'resetting' || said.startsWith('xen_pciback: resetting')) act.detail = 'resetting'
  else if (said === 'reset done') act.detail = 'reset-done'
  else if (said.startsWith('timed out waiting for pending transaction')) act.detail = 'pending-transaction'
  else return
  act.type = 'reset'
}

// kernel/panic.c __warn(), lib/bug.c, lib/refcount.c refcount_warn_saturate(), kernel/hung_task.c
function splat(text: string, act: Act): void {
  if (text.includes('[ cut here ]')) act.detail = 'cut-here'
  else if (text.includes('---[ end trace')) act.detail = 'end-trace'
  else if (/^(?:BUG: |Oops: |Oops:|general protection fault|kernel BUG at |Unable to handle kernel )/.test(text))
    act.detail = 'oops'
  else if (/^WARNING: |^refcount_t: /.test(text)) act.detail = 'warning'
  else if (/^INFO: task .* blocked for more than \d+ seconds/.test(text)) act.detail = 'hung-task'
  else return
  act.type = 'splat'
}

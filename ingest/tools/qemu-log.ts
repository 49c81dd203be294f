import { COLON, DOT, isDigit, LF, skipBlanks, ZERO } from '../ascii.ts'
import type { LineLayout } from '../layout.ts'
import { type LineHead, Scan } from '../line-head.ts'
import { setTime } from '../scan-time.ts'
import { structureOf } from '../structure.ts'

/** Subsystems of QEMU whose trace events (`trace-events` of its folders) begin so; without a prefix a line needs one. */
const SUBSYSTEM =
  /^(?:vfio|iommufd|pci|pcie|memory_region|virtio|vhost|vtd|amdvi|smmuv3|smmu|virtio_iommu|ram_block|kvm|flatview|spapr|msix?|migration|migrate|qdev|resettable|device|bdrv|blk|nvme|e1000e|igb|virtqueue|postcopy|savevm|vmstate|qemu|address_space|guest_mem|dma_blk)_[a-z0-9_]+(?: |$)/

/** Names that are the kernel's, too. QEMU's events of that name say something else: they are called `qemu:name`. */
const KERNEL_NAME =
  /^(?:(?:dma_)?fence_\w+|dma_(?:buf|map|unmap|alloc|free)\w*|map|unmap|\w+_(?:to|from)_(?:domain|group)|io_page_fault|sched_\w+|task_\w+|pci_hp_event|pcie_link_event|aer_event|tracing_mark_write|b?print|bputs|bpf_trace_printk|console|0)$/

/** `^[a-z]+_[a-z0-9_]+ ` of a known subsystem. */
export function isBareQemuLine(line: string): boolean {
  return SUBSYSTEM.test(line)
}

/**
 * QEMU's log backend, `-trace … -D file`: `38518@1618242865.934638:vfio_region_write  (…)`: process, wall clock, name,
 * payload (scripts/tracetool/backend/log.py). Lines without the prefix (`-msg timestamp=off`) have an order and no time: their
 * time is their number. They are what an emulator says, so they take no CPU and no task's name.
 */
export const qemuLog: LineLayout = {
  scan: scanPrefixed,
  scanLoose: scanPrefixed,
  relativeTime: false,
  begin(kept) {
    let lines = (kept as { lines: number } | null)?.lines ?? 0
    return {
      scan: scanPrefixed,
      structure(b, p, end) {
        lines++
        return structureOf(b, p, end)
      },
      scanLoose(b, p, head) {
        const end = b.indexOf(LF, p)
        if (!isBareQemuLine(Buffer.from(b.buffer, b.byteOffset + p, end - p).toString('latin1'))) return Scan.noTime
        setTime(head, 0, lines)
        head.ticks = 1
        head.pid = -1
        return scanRest(b, p, head)
      },
      relativeTime: false,
      state: () => ({ lines }),
    }
  },
}

function scanPrefixed(b: Uint8Array, p: number, head: LineHead): number {
  let q = p
  let pid = 0
  for (; isDigit(b[q]!); q++) pid = pid * 10 + b[q]! - ZERO
  if (q === p || q - p > 9) return Scan.noTask
  if (b[q] !== AT) return Scan.noTask
  const start = ++q
  let seconds = 0
  for (; isDigit(b[q]!); q++) seconds = seconds * 10 + b[q]! - ZERO
  if (q === start || b[q] !== DOT) return Scan.noTime
  if (q - start > 10 || seconds > MAX_SECONDS) return Scan.timeOverflow
  const places = ++q
  let fraction = 0
  for (; isDigit(b[q]!); q++) fraction = fraction * 10 + b[q]! - ZERO
  if (q - places !== 6 || b[q] !== COLON) return Scan.noTime
  setTime(head, seconds, fraction * 1000)
  head.ticks = 0
  head.pid = pid
  return scanRest(b, q + 1, head)
}

const AT = 64
const MAX_SECONDS = 9_223_372_035

/** `name payload`; a name may stand alone. */
function scanRest(b: Uint8Array, q: number, head: LineHead): number {
  head.nameStart = q
  while (isNameByte(b[q]!)) q++
  head.nameEnd = q
  if (q === head.nameStart || (b[q]! > 32 && b[q] !== LF)) return Scan.noName
  head.commStart = -1
  head.tgid = -1
  head.cpu = -1
  head.flagsStart = head.flagsEnd = q
  head.givenName = -1
  head.payloadStart = skipBlanks(b, q)
  head.payloadEnd = -1
  head.nameBytes = null
  if (head.nameEnd - head.nameStart < LONGEST_KERNEL_NAME) {
    const name = Buffer.from(b.buffer, b.byteOffset + head.nameStart, q - head.nameStart).toString('latin1')
    if (KERNEL_NAME.test(name)) head.nameBytes = Buffer.from(`qemu:${name}`)
  }
  return Scan.event
}

const LONGEST_KERNEL_NAME = 40

function isNameByte(c: number): boolean {
  return isDigit(c) || c === 95 || ((c | 32) - 97) >>> 0 < 26
}

import type { Head } from './head.ts'

/**
 * Fields without the event's own format: `trace-cmd report -R`, the trace option `fields` (trace_output.c
 * `print_fields()`), and what libtraceevent prints where it cannot evaluate a format.
 */

const COMPLAINT = '[FAILED TO PARSE]'

/** The payload without what libtraceevent puts before fields that it prints for want of a format. */
export function withoutComplaint(payload: string): string {
  if (!payload.startsWith(COMPLAINT)) return payload
  return payload.slice(payload.charCodeAt(COMPLAINT.length) === 0x20 ? COMPLAINT.length + 1 : COMPLAINT.length)
}

const RAW_HEAD = /^__probe_(?:func=(\S+) __probe_ret_ip=\S+|(?:v?ip|vaddr)=(\S+))(?: |$)/

export function isRawHead(payload: string): boolean {
  return payload.startsWith('__probe_')
}

/** The head of a probe's raw fields (trace_probe.h `FIELD_STRING_IP`, `FIELD_STRING_FUNC`): an address, no name. */
export function readRawHead(payload: string): Head | null {
  const match = RAW_HEAD.exec(payload)
  if (!match) return null
  const point = match[1] === undefined ? 'entry' : 'return'
  const name = match[1] ?? match[2]!
  return { point, name, module: null, caller: null, callerModule: null, end: match[0].length }
}

/** `0x10000 (65536)` or `(0)` → `65536`, `0`; else as printed. */
export function plainNumber(value: string | null): string | null {
  if (value === null) return null
  const inner = /\((-?\d+)\)$/.exec(value)
  return inner ? inner[1]! : value
}

const RAW_NUMBER = '(0x[0-9a-f]+|\\d+)(?: \\(-?\\d+\\))?'
const RANGE = new RegExp(
  `^iova=${RAW_NUMBER} (?:paddr=${RAW_NUMBER} )?size=${RAW_NUMBER}(?: unmapped_size=${RAW_NUMBER})?$`,
)

/** `iommu:map` and `iommu:unmap` (include/trace/events/iommu.h) put into the words of their own format; null for others. */
export function iommuText(payload: string): string | null {
  if (payload.startsWith('IOMMU:')) return payload
  const match = RANGE.exec(payload)
  if (!match) return null
  const [, iova, paddr, size, unmapped] = match
  const range = `IOMMU: iova=${address(BigInt(iova!))} - ${address(BigInt(iova!) + BigInt(size!))}`
  if (paddr !== undefined) return `${range} paddr=${address(BigInt(paddr))} size=${BigInt(size!)}`
  return unmapped === undefined ? null : `${range} size=${BigInt(size!)} unmapped_size=${BigInt(unmapped)}`
}

/** `0x%016llx`. */
function address(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16).padStart(16, '0')}`
}

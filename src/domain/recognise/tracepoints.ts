import type { Act } from '../act.ts'
import type { ActType } from '../act-type.ts'
import { recogniseDeviceError } from './device-errors.ts'
import { type Fields, fieldOf, readFields } from './fields.ts'
import { iommuText, plainNumber } from './raw-fields.ts'

/** The kernel's own events, by name. `fence_*` are the names before 4.10. */
export const TRACEPOINT_TYPES: ReadonlyMap<string, ActType> = new Map<string, ActType>([
  ['dma_buf_export', 'export'],
  ['dma_buf_fd', 'fd'],
  ['dma_buf_get', 'get'],
  ['dma_buf_put', 'put'],
  ['dma_buf_mmap', 'cpu-map'],
  ['dma_buf_mmap_internal', 'cpu-map'],
  ['dma_buf_dynamic_attach', 'attach'],
  ['dma_buf_detach', 'detach'],
  ...['init', 'emit', 'enable_signal', 'signaled', 'destroy'].flatMap((step): [string, ActType][] => [
    [`dma_fence_${step}`, 'fence'],
    [`fence_${step}`, 'fence'],
  ]),
  ...['wait_start', 'wait_end'].flatMap((step): [string, ActType][] => [
    [`dma_fence_${step}`, 'fence-wait'],
    [`fence_${step}`, 'fence-wait'],
  ]),
  ['map', 'iommu-map'],
  ['unmap', 'iommu-unmap'],
  ['attach_device_to_domain', 'iommu-domain'],
  ['detach_device_from_domain', 'iommu-domain'],
  ['add_device_to_group', 'iommu-domain'],
  ['remove_device_from_group', 'iommu-domain'],
  ['io_page_fault', 'fault'],
  ...['map_sg', 'map_phys', 'map_page', 'map_resource', 'alloc', 'map_sg_err'].map((e): [string, ActType] => [
    `dma_${e}`,
    'dma-map',
  ]),
  ...['unmap_sg', 'unmap_phys', 'unmap_page', 'unmap_resource', 'free'].map((e): [string, ActType] => [
    `dma_${e}`,
    'dma-unmap',
  ]),
  ['sched_process_exit', 'process'],
  ['sched_process_hang', 'process'],
  ['sched_wakeup_new', 'process'],
  ['task_newtask', 'process'],
  ['pci_hp_event', 'device-error'],
  ['pcie_link_event', 'device-error'],
  ['aer_event', 'device-error'],
  ['tracing_mark_write', 'marker'],
  ['print', 'marker'],
  ['bprint', 'marker'],
  ['bputs', 'marker'],
  ['bpf_trace_printk', 'marker'],
  // its name before 5.9
  ['0', 'marker'],
])

/** Fills `act` from a native event's payload (include/trace/events/{dma_buf,dma_fence,iommu,sched}.h). */
export function recogniseTracepoint(name: string, payload: string, fields: Fields, act: Act): boolean {
  const type = TRACEPOINT_TYPES.get(name)
  if (type === undefined) return false
  act.type = type
  act.point = 'event'
  switch (type) {
    case 'export':
    case 'fd':
    case 'get':
    case 'put':
    case 'cpu-map':
    case 'attach':
    case 'detach':
      return dmaBufEvent(payload, fields, act)
    case 'fence':
    case 'fence-wait':
      return fenceEvent(name, payload, fields, act)
    case 'iommu-map':
    case 'iommu-unmap':
      // By far the most frequent events, and few matter: `readIommuRange` reads what is asked for.
      act.text = iommuText(payload)
      return act.text !== null
    case 'fault':
      return pageFault(payload, act)
    case 'process':
      return processEvent(name, payload, fields, act)
    case 'device-error':
      act.device = DEVICE.exec(payload)?.[1] ?? null
      recogniseDeviceError(name, payload, act)
      return true
    case 'dma-map':
    case 'dma-unmap':
      act.device = DEVICE.exec(payload)?.[1] ?? null
      return true
    case 'iommu-domain':
      // `IOMMU: device=%s`, `IOMMU: groupID=%d device=%s`.
      act.device = /\bdevice=(\S+)/.exec(payload)?.[1] ?? null
      return true
    default:
      return true
  }
}

/** The device's name stands first, in raw fields after the field's name. */
const DEVICE = /^(?:(?:device|dev_name|port_name)=)?([^\s:]+(?::[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])?)/
const DIGITS = /^\d+$/
const ATTACH = /^ attachment:(\S+) is_dynamic=(\d) dev_name=(.*)$/

/** Raw fields in the order of the record: `ino=7`, under the trace option `fields` `ino=0x7 (7)`. */
/** Names of devices and exporters are short; in what is longer, the expression would try every place for each of them. */
const LONGEST_DMA_BUF = 1024
const RAW_DMA_BUF =
  /^(?:dev_name=(.*) )?exp_name=(.*) size=(\S+(?: \(\d+\))?) ino=(\S+(?: \(\d+\))?)(?: attach=(\S+)(?: \(-?\d+\))? is_dynamic=(\S+)| fd=(\S+(?: \(-?\d+\))?))?$/

/**
 * `exp_name=%s size=%zu ino=%lu[ fd=%d| attachment:%p is_dynamic=%d dev_name=%s]`. `exp_name` may hold blanks and
 * `dev_name` is last, so the fixed parts in between are what is looked for.
 */
function dmaBufEvent(payload: string, fields: Fields, act: Act): boolean {
  const size = payload.lastIndexOf(' size=')
  const ino = payload.indexOf(' ino=', size)
  if (ino !== -1 && payload.startsWith('exp_name=') && DIGITS.test(payload.slice(size + 6, ino))) {
    const blank = payload.indexOf(' ', ino + 5)
    act.exporter = payload.slice(9, size)
    act.size = payload.slice(size + 6, ino)
    act.ino = blank === -1 ? payload.slice(ino + 5) : payload.slice(ino + 5, blank)
    if (blank === -1) return DIGITS.test(act.ino)
    const attach = ATTACH.exec(payload.slice(blank))
    if (attach && DIGITS.test(act.ino)) {
      act.attachHashed = normalPointer(attach[1]!)
      act.dynamic = attach[2]!
      act.device = attach[3]!
      return true
    }
  }
  const raw = payload.length > LONGEST_DMA_BUF ? null : RAW_DMA_BUF.exec(payload)
  if (raw && (raw[1] === undefined) === (raw[5] === undefined)) {
    const [, device, exporter, size, ino, attach, dynamic, fd] = raw
    act.device = device ?? null
    act.exporter = exporter!
    act.size = plainNumber(size!)
    act.ino = plainNumber(ino!)
    act.attachHashed = attach === undefined ? null : normalPointer(attach)
    act.dynamic = plainNumber(dynamic ?? null)
    act.fd = plainNumber(fd ?? null)
    return true
  }
  // Vendor variants with more fields.
  readFields(payload, 0, fields)
  act.exporter = fieldOf(fields, 'exp_name')
  act.size = plainNumber(fieldOf(fields, 'size'))
  act.ino = plainNumber(fieldOf(fields, 'ino'))
  act.fd = plainNumber(fieldOf(fields, 'fd'))
  act.device = fieldOf(fields, 'dev_name')
  act.dynamic = plainNumber(fieldOf(fields, 'is_dynamic'))
  const attach = fieldOf(fields, 'attach') ?? /attachment:(\S+)/.exec(payload)?.[1] ?? null
  act.attachHashed = attach === null ? null : normalPointer(attach.split(' ')[0]!)
  return act.ino !== null
}

/** `%p` prints 16 digits without `0x`; early in boot `(____ptrval____)`, which names nothing. */
function normalPointer(text: string): string | null {
  const digits = text.startsWith('0x') ? text.slice(2) : text
  return /^[0-9a-f]+$/.test(digits) ? `0x${digits.replace(/^0+(?=.)/, '')}` : null
}

const FENCE = /^driver=(.*) timeline=(.*) context=(\d+) seqno=(\d+)$/

function fenceEvent(name: string, payload: string, fields: Fields, act: Act): boolean {
  act.detail = name.slice(name.indexOf('fence_') + 6)
  const match = FENCE.exec(payload)
  if (match) {
    act.context = match[3]!
    act.seqno = match[4]!
    return true
  }
  readFields(payload, 0, fields)
  act.context = plainNumber(fieldOf(fields, 'context'))
  act.seqno = plainNumber(fieldOf(fields, 'seqno'))
  return true
}

const IOMMU_RANGE = /^IOMMU: .*?iova=(0x[0-9a-f]+) (?:- (0x[0-9a-f]+) )?/

/** First address and length of an `iommu:map` or `iommu:unmap`; before 5.13 the end is not printed, the size is. */
export function readIommuRange(payload: string): { iova: bigint; length: bigint | null } | null {
  const match = IOMMU_RANGE.exec(payload)
  if (!match) return null
  const iova = BigInt(match[1]!)
  if (match[2] !== undefined) return { iova, length: BigInt(match[2]) - iova }
  const size = / size=(?:0x[0-9a-f]+ \()?(\d+)/.exec(payload)
  return { iova, length: size ? BigInt(size[1]!) : null }
}

const PAGE_FAULT = /^IOMMU:(\S+) (\S+) iova=0x([0-9a-f]+) flags=0x([0-9a-f]+)/
const RAW_PAGE_FAULT =
  /^device=(\S+) driver=\S+ iova=(0x[0-9a-f]+|\d+)(?: \(-?\d+\))? flags=(0x[0-9a-f]+|\d+|(?=\())(?: ?\((\d+)\))?$/

/** `IOMMU:%s %s iova=0x%016llx flags=0x%04x`; bit 0 of flags is IOMMU_FAULT_WRITE. */
function pageFault(payload: string, act: Act): boolean {
  const match = PAGE_FAULT.exec(payload)
  if (!match) return rawPageFault(payload, act)
  act.device = match[2]!
  act.iova = `0x${match[3]}`
  act.direction = Number.parseInt(match[4]!, 16) & 1 ? 'write' : 'read'
  return true
}

function rawPageFault(payload: string, act: Act): boolean {
  const match = RAW_PAGE_FAULT.exec(payload)
  if (!match) return true
  act.device = match[1]!
  act.iova = `0x${BigInt(match[2]!).toString(16).padStart(16, '0')}`
  act.direction = Number(match[4] ?? match[3]) & 1 ? 'write' : 'read'
  return true
}

function processEvent(name: string, payload: string, fields: Fields, act: Act): boolean {
  readFields(payload, 0, fields)
  act.detail = name
  act.state = plainNumber(fieldOf(fields, 'pid'))
  act.text = payload
  return true
}

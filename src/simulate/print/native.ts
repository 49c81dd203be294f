/** Tracepoints of the kernel itself: their fields as TP_printk() has them (KERNEL.md §4.1). */
import type { EvidenceName } from '../../domain/evidence/kinds.ts'
import type { Fields } from '../kernel/machine.ts'
import { type Template, template } from './template.ts'

interface Tracepoint {
  kind: EvidenceName
  flags: string
  print: Template
}

const buffer = 'exp_name={exporter} size={size} ino={ino}'
const fence = 'driver={driver} timeline={timeline} context={context} seqno={seqno}'
const attachment = `${buffer} attachment:{printed} is_dynamic={dynamic} dev_name={device}`

const address = (value: string | number | undefined) => `0x${Number(value).toString(16).padStart(16, '0')}`
const range = ({ iova, length }: Fields) => `iova=${address(iova)} - ${address(Number(iova) + Number(length))}`
const hex = (value: string | number | undefined) => Number(value).toString(16)

export const NATIVE: Readonly<Record<string, Tracepoint>> = {
  'dma_buf:dma_buf_export': { kind: 'exports', flags: '...1.', print: template(buffer) },
  'dma_buf:dma_buf_fd': { kind: 'exports', flags: '...1.', print: template(`${buffer} fd={fd}`) },
  'dma_buf:dma_buf_get': { kind: 'exports', flags: '...1.', print: template(`${buffer} fd={fd}`) },
  'dma_buf:dma_buf_put': { kind: 'exports', flags: '...1.', print: template(buffer) },
  'dma_buf:dma_buf_dynamic_attach': { kind: 'attaches', flags: '...1.', print: template(attachment) },
  'dma_buf:dma_buf_detach': { kind: 'detaches', flags: '...1.', print: template(attachment) },
  'dma_fence:dma_fence_init': { kind: 'fences', flags: '.....', print: template(fence) },
  'dma_fence:dma_fence_signaled': { kind: 'fences', flags: 'd..1.', print: template(fence) },
  'dma_fence:dma_fence_destroy': { kind: 'fences', flags: '.....', print: template(fence) },
  'iommu:map': {
    kind: 'translations',
    flags: '.....',
    print: (f) => `IOMMU: ${range(f)} paddr=${address(f.paddr)} size=${f.length}`,
  },
  'iommu:unmap': {
    kind: 'translations',
    flags: '.....',
    print: (f) => `IOMMU: ${range(f)} size=${f.length} unmapped_size=${f.length}`,
  },
  'dma:dma_map_sg': {
    kind: 'dma-maps',
    flags: '.....',
    print: (f) =>
      `${f.device} dir=BIDIRECTIONAL nents=1/1 ents=1/1 dma_addrs={0x${hex(f.iova)}} sizes={0x${hex(f.length)}} phys_addrs={0x${hex(f.paddr)}} attrs=`,
  },
  'dma:dma_unmap_sg': {
    kind: 'dma-maps',
    flags: '.....',
    print: (f) => `${f.device} dir=BIDIRECTIONAL phys_addrs={0x${hex(f.paddr)}} attrs=`,
  },
  'sched:sched_process_exit': {
    kind: 'exits',
    flags: '.....',
    print: template('comm={comm} pid={pid} prio=120'),
  },
  'sched:sched_process_hang': { kind: 'exits', flags: '.....', print: template('comm={comm} pid={pid}') },
  'ras:aer_event': {
    kind: 'device-errors',
    flags: '.....',
    print: template('{device} PCIe Bus Error: severity={severity}, {flags}, TLP Header=Not available'),
  },
  'pci:pci_hp_event': {
    kind: 'device-errors',
    flags: '.....',
    print: template('{port} slot:{slot}, event:{change}'),
  },
}

/** The kernel's own events by name (include/trace/events), each with a line as the kernel prints it. */
import { describe, expect, it } from 'vitest'
import { TRACEPOINT_TYPES } from '../../../src/domain/recognise/tracepoints.ts'
import { recognised } from '../../support/recognised.ts'

const BUFFER = 'exp_name=drm size=4096 ino=12'
const ATTACH = `${BUFFER} attachment:00000000e5c005bd is_dynamic=1 dev_name=0000:02:00.0`
const buffer = { exporter: 'drm', size: '4096', ino: '12' }
const attachment = { ...buffer, attachHashed: '0xe5c005bd', dynamic: '1', device: '0000:02:00.0' }
const FENCE = 'driver=drm timeline=ring0 context=7 seqno=9'
const RANGE = 'IOMMU: iova=0x00000000fffc0000 - 0x00000000fffd0000 paddr=0x0000000104000000 size=65536'
const GROUP = 'IOMMU: groupID=3 device=0000:02:00.0'
const device = { device: '0000:02:00.0' }

interface Told {
  type: string
  [slot: string]: unknown
}

const fence = (prefix: string, step: string): [string, string, Told] => [
  `${prefix}_${step}`,
  FENCE,
  { type: step.startsWith('wait') ? 'fence-wait' : 'fence', detail: step, context: '7', seqno: '9' },
]
const STEPS = ['init', 'emit', 'enable_signal', 'signaled', 'destroy', 'wait_start', 'wait_end']
const MAPS = ['dma_map_sg', 'dma_map_phys', 'dma_map_page', 'dma_map_resource', 'dma_alloc', 'dma_map_sg_err']
const UNMAPS = ['dma_unmap_sg', 'dma_unmap_phys', 'dma_unmap_page', 'dma_unmap_resource', 'dma_free']
const MARKERS = ['tracing_mark_write', 'print', 'bprint', 'bputs', 'bpf_trace_printk', '0']
const TASK = 'comm=tool pid=4711 prio=120'

const EVENTS: [string, string, Told][] = [
  ['dma_buf_export', BUFFER, { type: 'export', ...buffer }],
  ['dma_buf_fd', `${BUFFER} fd=41`, { type: 'fd', ...buffer, fd: '41' }],
  ['dma_buf_get', `${BUFFER} fd=41`, { type: 'get', ...buffer, fd: '41' }],
  ['dma_buf_put', BUFFER, { type: 'put', ...buffer }],
  ['dma_buf_mmap', BUFFER, { type: 'cpu-map', ...buffer }],
  ['dma_buf_mmap_internal', BUFFER, { type: 'cpu-map', ...buffer }],
  ['dma_buf_dynamic_attach', ATTACH, { type: 'attach', ...attachment }],
  ['dma_buf_detach', ATTACH, { type: 'detach', ...attachment }],
  ...['dma_fence', 'fence'].flatMap((prefix) => STEPS.map((step) => fence(prefix, step))),
  ['map', RANGE, { type: 'iommu-map', text: RANGE }],
  ['unmap', RANGE, { type: 'iommu-unmap', text: RANGE }],
  ['attach_device_to_domain', 'IOMMU: device=0000:02:00.0', { type: 'iommu-domain', ...device }],
  ['detach_device_from_domain', 'IOMMU: device=0000:02:00.0', { type: 'iommu-domain', ...device }],
  ['add_device_to_group', GROUP, { type: 'iommu-domain', ...device }],
  ['remove_device_from_group', GROUP, { type: 'iommu-domain', ...device }],
  [
    'io_page_fault',
    'IOMMU:vfio-pci 0000:02:00.0 iova=0x00000000ffff0000 flags=0x0001',
    { type: 'fault', ...device, iova: '0x00000000ffff0000', direction: 'write' },
  ],
  ...MAPS.map((name): [string, string, Told] => [name, '0000:02:00.0 dir=TO_DEVICE', { type: 'dma-map', ...device }]),
  ...UNMAPS.map((name): [string, string, Told] => [
    name,
    '0000:02:00.0 dir=TO_DEVICE',
    { type: 'dma-unmap', ...device },
  ]),
  ...['sched_process_exit', 'sched_process_hang', 'sched_wakeup_new', 'task_newtask'].map(
    (name): [string, string, Told] => [name, TASK, { type: 'process', detail: name, state: '4711', text: TASK }],
  ),
  ['pci_hp_event', '0000:02:00.0 slot:1, event:CARD_PRESENT', { type: 'device-error', ...device }],
  ['pcie_link_event', '0000:02:00.0 type:4, reason:1', { type: 'device-error', ...device }],
  ['aer_event', '0000:02:00.0 PCIe Bus Error: severity=Fatal', { type: 'device-error', ...device }],
  ...MARKERS.map((name): [string, string, Told] => [name, 'begin', { type: 'marker' }]),
]

describe('native events', () => {
  it.each(EVENTS)('%s: %s', (name, payload, told) => {
    expect(recognised(name, payload)).toMatchObject({ point: 'event', ...told })
  })

  it('are those', () => {
    expect([...TRACEPOINT_TYPES.keys()].sort()).toEqual(EVENTS.map(([name]) => name).sort())
  })
})

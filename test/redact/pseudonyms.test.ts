import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { passingKey } from '../../src/redact/key.ts'
import { createPseudonyms } from '../../src/redact/pseudonyms.ts'
import { lineRedactor, pseudonyms, redactEvent } from './redacted.ts'

const names = pseudonyms()

describe('the same key gives the same pseudonyms, another key others', () => {
  const line = Buffer.from(
    '            tool-195     [001] ...1.    54.458350: dbuf_unmap: (dma_buf_unmap_attachment+0x4/0x80) attach=0xffff889ac63c85c0 dev="0000:00:04.0"\n',
  )
  const redact = (key: ReturnType<typeof pseudonyms>) => lineRedactor('ftrace-text', key).redact(line)

  it('from run to run', () => {
    expect(redact(pseudonyms())).toBe(redact(pseudonyms()))
    expect(redact(pseudonyms('one key'))).not.toBe(redact(pseudonyms('another key')))
    expect(redact(createPseudonyms(passingKey()))).not.toBe(redact(createPseudonyms(passingKey())))
  })
})

/** Different values keep being told apart, and are not the value itself but by chance. */
function oneToOne<T>(values: T[], rename: (value: T) => unknown): void {
  const distinct = [...new Set(values)]
  expect(new Set(distinct.map(rename)).size).toBe(distinct.length)
}

describe('pids', () => {
  it('are other pids, one for one; the idle task stays', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 4_194_303 })), (pids) => oneToOne(pids, names.pid)))
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4_194_303 }), (pid) => {
        expect(names.pid(pid)).toBeGreaterThan(0)
        expect(names.pid(pid)).toBeLessThan(4_194_304)
      }),
    )
    expect(names.pid(0)).toBe(0)
  })
})

describe('tasks', () => {
  it.each([
    '<idle>',
    '<...>',
    'swapper/3',
    'kworker/u16:3',
    'kworker/0:1H',
    'kworker/',
    'ksoftirqd/1',
    'rcu_preempt',
    '',
  ])('%j is a name that the kernel gives, and stays', (comm) => expect(names.comm(comm)).toBe(comm))

  it('have another name of at most 15 bytes; a worker has no queue, an interrupt thread no driver', () => {
    expect(names.comm('dbuflab')).toMatch(/^task-[0-9a-f]{8}$/)
    expect(names.comm('dbuflab', 7)).toBe(`t${names.comm('dbuflab').slice(5, 11)}`)
    expect(names.comm('kworker/0:1-acme')).toBe('kworker/0:1')
    expect(names.comm('irq/25-acme')).toMatch(/^irq\/25-[0-9a-f]{5}$/)
    expect(names.comm('kworker/acme')).toMatch(/^task-/)
  })
})

describe('addresses', () => {
  const kinds: [string, bigint, bigint][] = [
    ['a kernel pointer', 0xffff800000000000n, 0xfffffffeffffffffn],
    ['one of five levels', 0xff00000000000000n, 0xfffeffffffffffffn],
    ['a symbol', 0xffffffff80000000n, 0xffffffffffffefffn],
    ['a hashed pointer', 1n, 0xffffffffn],
    ['a pointer of a process', 0x550000000000n, 0x7fffffffffffn],
    ['what a failed read left over', 0x0000800000000000n, 0xfeffffffffffffffn],
  ]
  const prefix = (value: bigint) => value.toString(16).padStart(16, '0').slice(0, 2)

  it.each(kinds)('%s is another of its kind, one for one, at the same place in its page', (what, min, max) => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.bigInt({ min, max }), { minLength: 2 }), (values) => {
        oneToOne(values, names.pointer)
        for (const value of values) {
          const other = names.pointer(value)
          if (what === 'a symbol') expect(other >> 32n).toBe(0xffffffffn)
          else if (what === 'a kernel pointer') expect(other >> 48n).toBe(0xffffn)
          else if (what === 'a hashed pointer') expect(other > 0n && other < 1n << 32n).toBe(true)
          else if (max < 1n << 48n) expect(other < 1n << 47n && other >= 1n << 40n).toBe(true)
          else expect(prefix(other) === 'ff').toBe(prefix(value) === 'ff')
          if (what !== 'a hashed pointer') expect(other & 0xfffn).toBe(value & 0xfffn)
        }
      }),
    )
  })

  it('NULL and error pointers stay', () => {
    for (const value of [0n, 0xffffffffffffffedn, 0xfffffffffffff001n]) expect(names.pointer(value)).toBe(value)
  })

  it('of devices are moved by pages, so that what lies in a range still does; physical ones by another number', () => {
    const shift = names.bus(0xffff0000n) - 0xffff0000n
    expect(shift & 0xfffn).toBe(0n)
    expect(names.bus(0x1234n)).toBe(0x1234n + shift)
    expect(names.physical(0n)).not.toBe(shift)
  })
})

describe('devices', () => {
  it('have the same name in the short and the long form, and keep domain, function and neighbours', () => {
    const long = names.device('0000:3b:00.3')
    expect(long).toMatch(/^0000:[0-9a-f]{2}:[01][0-9a-f]\.3$/)
    expect(names.device('3b:00.3')).toBe(long.slice(5))
    expect(names.inText('Request device [3b:00.3] and 0x3b:0x00.3.')).toBe(
      `Request device [${long.slice(5)}] and 0x${long.slice(5, 8)}0x${long.slice(8)}.`,
    )
    expect(names.device('0000:3b:00.0').slice(0, -1)).toBe(long.slice(0, -1))
    expect(names.device('0000:3b:01.0').slice(0, 7)).toBe(long.slice(0, 7))
    const all = Array.from({ length: 256 + 32 }, (_, i) =>
      i < 256 ? `0000:${hex(i)}:00.0` : `0000:07:${hex(i & 31)}.0`,
    )
    oneToOne(all, names.device)
  })

  it('keep the stem of another name and no number; anything else is a label', () => {
    expect(names.device('vgem')).toBe('vgem')
    expect(names.device('mlx5_0')).toMatch(/^mlx5_\d+$/)
    expect(names.device('mlx5_core.sf.4')).toMatch(/^mlx5_core\.sf\.\d+$/)
    expect(names.device('fd500000.pcie')).toMatch(/^device-[0-9a-f]{8}$/)
    expect(names.device('83b8f4f2-509f-382f-3c1e-e6bfe0fa1001')).toMatch(/^device-[0-9a-f]{8}$/)
  })
})

function hex(value: number): string {
  return value.toString(16).padStart(2, '0')
}

describe('payloads', () => {
  const p = (value: bigint) => names.pointer(value).toString(16)
  const bus = (value: bigint) => names.bus(value).toString(16)
  const physical = (value: bigint) => names.physical(value).toString(16)

  it.each([
    ['tracing_mark_write: anything at all', 'tracing_mark_write: [redacted]'],
    ['tracing_mark_write: B|195|draw', `tracing_mark_write: B|${names.pid(195)}|redacted`],
    ['tracing_mark_write: E|195', `tracing_mark_write: E|${names.pid(195)}`],
    ['some_function: a host called acme', 'some_function: [redacted]'],
    ['some_function: card 4111111111111111', 'some_function: [redacted]'],
    ['some_function: card 4111111111111111 n=3', 'some_function: [redacted] n=3'],
    [
      'signal_generate: sig=7 code=2 comm=dbuflab pid=383',
      `signal_generate: sig=7 code=2 comm=${names.comm('dbuflab')} pid=${names.pid(383)}`,
    ],
    [
      'sched_switch: prev_comm=a=6 b:c prev_pid=171 prev_prio=120 prev_state=S ==> next_comm=swapper/1 next_pid=0 next_prio=120',
      `sched_switch: prev_comm=${names.comm('a=6 b:c')} prev_pid=${names.pid(171)} prev_prio=120 prev_state=S ==> next_comm=swapper/1 next_pid=0 next_prio=120`,
    ],
    [
      'sched_process_exec: filename=/opt/acme/bin pid=7 old_pid=7',
      `sched_process_exec: filename=redacted pid=${names.pid(7)} old_pid=${names.pid(7)}`,
    ],
    [
      'dma_fence_init: driver=sw_sync timeline=acme-compositor context=3 seqno=3',
      `dma_fence_init: driver=sw_sync timeline=${names.label('timeline', 'acme-compositor')} context=3 seqno=3`,
    ],
    [
      'dma_buf_detach: exp_name=system size=65536 ino=7 attachment:0000000068154979 is_dynamic=0 dev_name=mlx5_0',
      `dma_buf_detach: exp_name=system size=65536 ino=7 attachment:${p(0x68154979n).padStart(16, '0')} is_dynamic=0 dev_name=${names.device('mlx5_0')}`,
    ],
    [
      'dma_buf_detach: exp_name=system size=0x10000 (65536) ino=0x7 (7) attach=0xffff8906c955a0c0 (-130812736069440) is_dynamic=(1)',
      `dma_buf_detach: exp_name=system size=0x10000 (65536) ino=0x7 (7) attach=0x${p(0xffff8906c955a0c0n)} (${names.pointer(0xffff8906c955a0c0n) - (1n << 64n)}) is_dynamic=(1)`,
    ],
    [
      'db_map_ret: (lab+0x1/0x2 [labimp] <- dma_buf_map_attachment) err=-66350003390107664 dma=0xffff0000 ret=-19 len=65536',
      `db_map_ret: (lab+0x1/0x2 [labimp] <- dma_buf_map_attachment) err=${names.pointer((1n << 64n) - 66350003390107664n) - (1n << 64n)} dma=0x${bus(0xffff0000n)} ret=-19 len=65536`,
    ],
    [
      'dma_map_phys: 0000:00:04.0 dir=TO_DEVICE dma_addr=ffff4000 size=4096 phys_addr=110d44000 attrs=MMIO|SKIP_CPU_SYNC',
      `dma_map_phys: ${names.device('0000:00:04.0')} dir=TO_DEVICE dma_addr=${bus(0xffff4000n)} size=4096 phys_addr=${physical(0x110d44000n)} attrs=MMIO|SKIP_CPU_SYNC`,
    ],
    [
      'io_page_fault: IOMMU:vfio-pci 0000:00:04.0 iova=0x00000000ffff4000 flags=0x0001',
      `io_page_fault: IOMMU:vfio-pci ${names.device('0000:00:04.0')} iova=0x${bus(0xffff4000n).padStart(16, '0')} flags=0x0001`,
    ],
    [
      'pci_hp_event: 0000:00:04.0 slot:3, event:LINK_DOWN',
      `pci_hp_event: ${names.device('0000:00:04.0')} slot:3, event:LINK_DOWN`,
    ],
    [
      'db_attach: (dma_buf_dynamic_attach+0x4/0x1a0) importer_ops=0x0 inval=0x5f746f6f62222c33 cmd=0x40086200',
      `db_attach: (dma_buf_dynamic_attach+0x4/0x1a0) importer_ops=0x0 inval=0x${p(0x5f746f6f62222c33n)} cmd=0x40086200`,
    ],
    [
      'sys_openat(dfd: 3, filename: 0x7ffc0e6b2000 "/etc/acme", flags: 0)',
      `sys_openat(dfd: 3, filename: 0x${p(0x7ffc0e6b2000n)} "redacted", flags: 0)`,
    ],
    ['pcie_flr <-__pci_reset_function_locked', 'pcie_flr <-__pci_reset_function_locked'],
    ['console: acme-daemon: token 1234', 'console: [redacted]'],
    ['console: vfio-pci 0000:01:00.0: reset done', `console: vfio-pci ${names.device('0000:01:00.0')}: reset done`],
    [
      'console: WARNING: CPU: 1 PID: 183 at drivers/dma-buf/dma-buf.c:99 dma_buf_release+0x90/0xa0',
      `console: WARNING: CPU: 1 PID: ${names.pid(183)} at drivers/dma-buf/dma-buf.c:99 dma_buf_release+0x90/0xa0`,
    ],
  ])('%s', (event, expected) => {
    expect(redactEvent(event, names)).toBe(expected)
  })
})

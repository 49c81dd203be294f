import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { namePattern } from '../../ingest/noise/event-pattern.ts'
import { deselection, isNoise } from '../../ingest/noise/noise.ts'
import { FUNCTIONS, RECIPE_NAMES } from '../../src/domain/recognise/functions.ts'
import { TRACEPOINT_TYPES } from '../../src/domain/recognise/tracepoints.ts'
import { foldText } from '../support/fold-file.ts'
import { FIXTURES, tracesIn } from '../support/real-traces.ts'
import { readWhole, sumsHold } from './read-whole.ts'

const KNOWN = [...TRACEPOINT_TYPES.keys(), ...FUNCTIONS.keys(), ...RECIPE_NAMES.keys(), 'console', 'pcirst_own_ret']

describe('what the domain knows is never noise', () => {
  it.each(KNOWN)('%s', (name) => {
    for (const spelled of [name, `dma_buf:${name}`, `sched:${name}`, `cb_${name}`, `p_${name}_0`])
      if (spelled !== `sched:${name}` || name.startsWith('sched_')) expect(isNoise(spelled), spelled).toBe(false)
  })

  it('nor is what may once be known: devices, their errors and power, guests, GPUs, signals, processes', () => {
    const kept =
      'ipi_raise ipi_entry irq_work_entry kvm_exit kvm_mmio rpm_suspend rpm_resume device_pm_callback_start amdgpu_bo_move xe_bo_move ' +
      'drm_sched_job_run drm_vblank_event mc_event aer_event memory_failure_event mce_record signal_generate qi_submit ' +
      'cache_tag_flush_range prq_report sched_process_exec sched_process_fork sched_process_hang task_rename vfio_map pcie_link_event ' +
      'cma_alloc_start nvme_async_event suspend_resume threshold_apic_entry funcgraph_entry funcgraph_exit raw_data'
    for (const name of kept.split(' ')) expect(isNoise(name), name).toBe(false)
  })
})

describe('noise', () => {
  it('is told by the name, with or without the group', () => {
    const noise =
      'sched_switch sched_waking timer_start hrtimer_expire_entry tick_stop irq_handler_entry softirq_raise local_timer_entry ' +
      'reschedule_exit call_function_single_entry sys_enter sys_exit sys_enter_read sys_read workqueue_execute_start rcu_utilization ' +
      'cpu_idle cpu_frequency kmalloc kfree kmem_cache_free mm_page_alloc rss_stat page_fault_user block_rq_issue ext4_da_write_begin ' +
      'jbd2_commit_flushing xfs_ilock net_dev_queue napi_poll tcp_probe lock_acquire contention_begin writeback_start'
    for (const name of noise.split(' ')) expect(isNoise(name), name).toBe(true)
    for (const name of [
      'sched:sched_switch',
      'raw_syscalls:sys_enter',
      'power:cpu_idle',
      'net:anything',
      'irq_vectors:x',
    ])
      expect(isNoise(name), name).toBe(true)
    expect(isNoise('mydriver:sched_switch')).toBe(false)
  })

  it.each([
    ['sched_*', 'sched_switch', true],
    ['sched_*', 'sched:sched_switch', true],
    ['sched:*', 'sched:sched_switch', true],
    ['sched:*', 'sched_switch', false],
    ['sched_switc?', 'sched_switch', true],
    ['a.c', 'abc', false],
    ['all', 'anything:at_all', true],
    ['map', 'iommu:map', true],
    ['map', 'dbuf_map', false],
  ])('the pattern %s, the event %s: %s', (pattern, name, meant) => {
    expect(namePattern([pattern])(name)).toBe(meant)
  })

  const line = (rest: string) => `          <idle>-0       [000] d..2.    60.900000: ${rest}\n`

  it('is no probe and no traced function, whatever they are called; those that --drop names are ignored all the same', async () => {
    const kept = [
      line('sched_mine: (dma_buf_pin+0x4/0x30) attach=0xff11000103d90b00'),
      line('rcu_note_context_switch <-__schedule'),
      line('sys_mine(fd=3) <-do_syscall_64'),
    ]
    const ignored = [
      line('sys_read(fd: 3, buf: 7ffc, count: 10)'),
      line('sys_read -> 0x10'),
      line('sched_switch: prev_comm=a'),
    ]
    const text = Buffer.from([...kept, ...ignored].join(''))
    const whole = await readWhole(text, deselection())
    expect(whole.kinds).toEqual([1, 1, 1, 2, 2, 2])
    expect(whole.facts.ignoredNames).toEqual({ sys_read: 2, sched_switch: 1 })
    const dropped = await readWhole(text, deselection([], ['sched_mine', 'rcu_*']))
    expect(dropped.facts.ignoredNames).toEqual({
      sched_mine: 1,
      rcu_note_context_switch: 1,
      sys_read: 2,
      sched_switch: 1,
    })
    expect(sumsHold(dropped)).toBe(true)
  })

  it('is counted on from where a reader stopped', async () => {
    const text = Buffer.from(`${line('sched_switch: a').repeat(3)}${line('map: x')}${line('timer_start: b').repeat(2)}`)
    const half = text.indexOf('map') - 60
    const cut = text.lastIndexOf('\n', half) + 1
    const { createTraceParser } = await import('../../ingest/trace-parser.ts')
    const { readBatches } = await import('../../ingest/read-batches.ts')
    const first = createTraceParser(deselection())
    const strings: string[] = []
    for await (const batch of readBatches([text.subarray(0, cut)], first)) strings.push(...batch.strings)
    const state = JSON.parse(JSON.stringify(first.state()))
    const second = createTraceParser({ ...deselection(), resume: { state, strings } })
    for await (const _ of readBatches([text.subarray(cut)], second));
    expect(second.facts().ignoredNames).toEqual({ sched_switch: 3, timer_start: 2 })
  })
})

describe('real traces are judged the same without their noise', () => {
  it.each(tracesIn(FIXTURES))('$name', async ({ path }) => {
    const text = readFileSync(path)
    const full = await foldText(text)
    const quiet = await foldText(text, {}, deselection())
    expect(quiet.findings.map((f) => [f.rule, f.verdict, f.severity, f.summary])).toEqual(
      full.findings.map((f) => [f.rule, f.verdict, f.severity, f.summary]),
    )
    const { facts } = await readWhole(text, deselection())
    expect(facts.events + facts.ignored).toBe(full.events)
  })
})

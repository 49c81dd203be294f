import type { Deselection } from './deselect.ts'
import { bareName, groupOf, namePattern } from './event-pattern.ts'

/** Events of one kernel subsystem that fire all the time and say nothing about buffers, devices or their resets. */
export interface NoiseFamily {
  name: string
  /** Trace event groups (`events/<group>/`), where the trace prints them: perf script does. */
  groups: readonly string[]
  /** Patterns of the events' names. */
  events: readonly string[]
}

/**
 * What is `ignored` unless `--keep` asks for it. Not in here, though loud: `ipi`, `irq_work`, `signal`, `rpm` (runtime
 * power states of devices), `kvm` (a guest's accesses to what was revoked), `nvme` errors, machine checks, and everything
 * about dma-buf, DMA, IOMMU, VFIO, PCI and GPUs.
 */
const NOISE: readonly NoiseFamily[] = [
  { name: 'scheduler', groups: ['sched'], events: ['sched_*'] },
  {
    name: 'timers',
    groups: ['timer', 'hrtimer', 'alarmtimer', 'timer_migration'],
    events: ['timer_*', 'hrtimer_*', 'itimer_*', 'alarmtimer_*', 'tick_stop', 'tmigr_*'],
  },
  {
    name: 'interrupts',
    groups: ['irq', 'irq_vectors', 'preemptirq', 'nmi', 'irq_matrix'],
    events: [
      'irq_handler_*',
      'softirq_*',
      'tasklet_*',
      'local_timer_*',
      'reschedule_*',
      'call_function_*',
      'spurious_apic_*',
      'x86_platform_ipi_*',
      'vector_*',
      'irq_matrix_*',
      'irq_enable',
      'irq_disable',
      'preempt_enable',
      'preempt_disable',
      'nmi_handler',
    ],
  },
  { name: 'syscalls', groups: ['syscalls', 'raw_syscalls'], events: ['sys_*'] },
  { name: 'workqueues', groups: ['workqueue'], events: ['workqueue_*'] },
  { name: 'rcu', groups: ['rcu'], events: ['rcu_*'] },
  {
    name: 'processor power',
    groups: [],
    events: [
      'cpu_idle',
      'cpu_idle_miss',
      'cpu_frequency',
      'cpu_frequency_limits',
      'pstate_sample',
      'psci_domain_idle_*',
    ],
  },
  { name: 'power management', groups: [], events: ['pm_qos_*', 'dev_pm_qos_*', 'wakeup_source_*', 'clock_*'] },
  {
    name: 'locks',
    groups: ['lock'],
    events: ['lock_acquire', 'lock_acquired', 'lock_release', 'lock_contended', 'contention_*'],
  },
  {
    name: 'memory',
    groups: ['kmem', 'vmscan', 'compaction', 'percpu', 'mmap_lock', 'tlb', 'maple_tree', 'pagemap', 'filemap'],
    events: [
      'kmalloc',
      'kmalloc_node',
      'kfree',
      'kmem_cache_*',
      'mm_page_*',
      'mm_lru_*',
      'mm_filemap_*',
      'mm_vmscan_*',
      'mm_compaction_*',
      'rss_stat',
      'percpu_*',
      'mmap_lock_*',
      'tlb_flush',
      'ma_op',
      'ma_read',
      'ma_write',
      'vm_unmapped_area',
    ],
  },
  {
    name: 'page faults',
    groups: ['exceptions'],
    events: ['page_fault_user', 'page_fault_kernel', 'exceptions_page_fault_*'],
  },
  {
    name: 'block devices',
    groups: ['block', 'scsi'],
    events: ['block_*', 'scsi_dispatch_*', 'nvme_setup_cmd', 'nvme_complete_rq', 'nvme_sq'],
  },
  {
    name: 'file systems',
    groups: ['writeback', 'ext4', 'jbd2', 'xfs', 'btrfs', 'f2fs', 'iomap', 'nfs', 'nfs4', 'sunrpc', 'netfs'],
    events: [
      'writeback_*',
      'wbc_writepage',
      'balance_dirty_pages',
      'bdi_dirty_ratelimit',
      'global_dirty_state',
      'folio_wait_writeback',
      'ext4_*',
      'jbd2_*',
      'xfs_*',
      'btrfs_*',
      'f2fs_*',
      'iomap_*',
      'nfs_*',
      'nfs4_*',
    ],
  },
  {
    name: 'network',
    groups: ['net', 'napi', 'skb', 'sock', 'tcp', 'udp', 'qdisc', 'fib', 'fib6', 'neigh', 'bridge'],
    events: [
      'net_dev_*',
      'netif_*',
      'napi_*',
      'kfree_skb',
      'consume_skb',
      'skb_copy_datagram_iovec',
      'sock_*',
      'inet_sock_set_state',
      'inet_sk_error_report',
      'tcp_*',
      'udp_*',
      'qdisc_*',
      'fib_table_lookup',
      'fib6_table_lookup',
      'neigh_*',
      'br_fdb_*',
    ],
  },
]

/** Events of these families that mean something here: the life of a process, and tasks that hang. */
const TELLING = namePattern(['sched_process_*', 'sched_wakeup_new'])

const matches = namePattern(NOISE.flatMap(({ events }) => events))
const groups = new Set(NOISE.flatMap((family) => family.groups))

/**
 * Whether an event is noise by its name, bare or with its group (`sched:sched_switch`). A group says more than a name:
 * an event of the same name in a group that is no noise is none.
 */
export function isNoise(name: string): boolean {
  if (TELLING(name)) return false
  const group = groupOf(name)
  return group === null ? matches(name) : groups.has(group) || (groupless(group) && matches(bareName(name)))
}

/** Families that share the group `power` with events that are kept. */
function groupless(group: string): boolean {
  return group === 'power' || group === 'nvme'
}

/** What a reader is told to count only: noise but for what `keep` names, and whatever `drop` names. */
export function deselection(keep: readonly string[] = [], drop: readonly string[] = []): Deselection {
  const kept = namePattern(keep)
  return { ignore: namePattern(drop), noise: (name) => isNoise(name) && !kept(name) }
}

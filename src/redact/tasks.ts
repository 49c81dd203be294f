import type { RedactionKey } from './key.ts'
import { createPermutation } from './permutation.ts'

export interface TaskNames {
  /** A pseudonym for a task's name of at most `room` characters, where that is at least 7. */
  comm(name: string, room?: number): string
  /** Another pid for a pid or thread group; 0, the idle task's, stays. */
  pid(pid: number): number
}

const PID_LIMIT = 2 ** 22
const MOST_PID = 999_999_999

/** Names that the kernel gives, in which no user has a say. A worker's queue is left away: it may be a driver's own. */
const KERNEL_GIVEN =
  /^(?:<idle>|<\.\.\.>|swapper(?:\/\d+)?|kworker(?:\/(?:u?\d+(?::\d*H?)?)?)?|ksoftirqd\/\d+|migration\/\d+|cpuhp\/\d+|idle_inject\/\d+|rcu_(?:preempt|sched|gp|par_gp|exp_gp_kthr|exp_par_gp|tasks_kthre)|rcu(?:op|og|os|b|c)\/\d+|kthreadd|kswapd\d+|kcompactd\d+|khugepaged|ksmd|khungtaskd|kauditd|oom_reaper|watchdogd|kdevtmpfs|irq\/\d+|irq_work\/\d+|ktimers\/\d+)?$/

export function isKernelGiven(comm: string): boolean {
  return KERNEL_GIVEN.test(comm)
}

export function createTaskNames(key: RedactionKey): TaskNames {
  const known = new Map<string, string>()
  const small = createPermutation(key, 'pid', 22, (pid) => pid > 0)
  const large = createPermutation(key, 'large pid', 30, (pid) => pid >= PID_LIMIT && pid <= MOST_PID)

  function named(name: string): string {
    if (isKernelGiven(name)) return name
    const worker = /^(kworker\/(?:u?\d+:\d+H?))[-+]/.exec(name)
    if (worker) return worker[1]!
    const thread = /^irq\/\d+-/.exec(name)
    const hash = key.digest('task', name).toString('hex')
    return thread ? `${thread[0]}${hash.slice(0, 5)}` : `task-${hash.slice(0, 8)}`
  }

  return {
    comm(name, room = 15) {
      let found = known.get(name)
      if (found === undefined) {
        found = named(name)
        known.set(name, found)
      }
      return found.length > room && found.startsWith('task-') ? `t${found.slice(5, Math.max(room, 7) + 4)}` : found
    },
    pid: (pid) => (pid <= 0 || pid > MOST_PID ? pid : pid < PID_LIMIT ? small(pid) : large(pid)),
  }
}

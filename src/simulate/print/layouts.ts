/** The layouts that a simulated trace can have: one printed event each, and what stands before them all. */
import type { Thread } from '../kernel/machine.ts'

export interface Printed {
  thread: Thread
  cpu: number
  flags: string
  /** Nanoseconds on the trace's clock. */
  ns: bigint
  group: string
  event: string
  text: string
}

export interface SimulatedLayout {
  /** `written` counts what was lost as well. */
  header(counts: { events: number; written: number; cpus: number }): string[]
  line(event: Printed): string
  /** trace.c print_trace_line(), or what the tool makes of it; null where it says nothing. */
  lost(cpu: number, count: number): string | null
}

const BILLION = 1_000_000_000n
const seconds = (ns: bigint) => String(ns / BILLION)
const digits = (ns: bigint, many: number) => (ns % BILLION).toString().padStart(9, '0').slice(0, many)
const cpuOf = (cpu: number) => String(cpu).padStart(3, '0')
const task = ({ comm, pid }: Thread) => `${comm.padStart(16)}-${String(pid).padEnd(7)}`

const LEGEND = [
  '#                                _-----=> irqs-off/BH-disabled',
  '#                               / _----=> need-resched',
  '#                              | / _---=> hardirq/softirq',
  '#                              || / _--=> preempt-depth',
  '#                              ||| / _-=> migrate-disable',
  '#                              |||| /     delay',
  '#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION',
  '#              | |         |   |||||     |         |',
]

/** kernel/trace/trace_output.c `trace_print_context()`. */
const ftrace: SimulatedLayout = {
  header: ({ events, written, cpus }) => [
    '# tracer: nop',
    '#',
    `# entries-in-buffer/entries-written: ${events}/${written}   #P:${cpus}`,
    '#',
    ...LEGEND,
  ],
  line: ({ thread, cpu, flags, ns, event, text }) =>
    `${task(thread)} [${cpuOf(cpu)}] ${flags} ${seconds(ns).padStart(5)}.${digits(ns, 6)}: ${event}: ${text}`,
  lost: (cpu, count) => `CPU:${cpu} [LOST ${count} EVENTS]`,
}

/** The same with `record-tgid`. */
const ftraceTgid: SimulatedLayout = {
  ...ftrace,
  line: ({ thread, cpu, flags, ns, event, text }) =>
    `${task(thread)} (${thread.tgid === 0 ? '-------' : String(thread.tgid).padStart(7)}) [${cpuOf(cpu)}] ${flags} ${seconds(ns).padStart(5)}.${digits(ns, 6)}: ${event}: ${text}`,
}

/** trace-cmd report -t: tep_print_event() with nanoseconds. */
const traceCmd: SimulatedLayout = {
  header: ({ cpus }) => [`cpus=${cpus}`],
  line: ({ thread, cpu, flags, ns, event, text }) =>
    `${thread.comm.padStart(16)}-${String(thread.pid).padEnd(5)} [${cpuOf(cpu)}] ${flags} ${seconds(ns).padStart(5)}.${digits(ns, 9)}: ${`${event}:`.padEnd(21)} ${text}`,
  lost: (cpu, count) => `CPU:${cpu} [${count} EVENTS DROPPED]`,
}

/** perf script --ns: process_event(). A lost record is no line of it. */
const perf: SimulatedLayout = {
  header: () => [],
  line: ({ thread, cpu, ns, group, event, text }) =>
    `${thread.comm.padStart(16)} ${String(thread.pid).padStart(7)} [${cpuOf(cpu)}] ${seconds(ns).padStart(5)}.${digits(ns, 9)}: ${`${group}:${event}`.padStart(30)}: ${text}`,
  lost: () => null,
}

export const SIMULATED_LAYOUTS = {
  ftrace,
  'ftrace-tgid': ftraceTgid,
  'trace-cmd': traceCmd,
  perf,
} as const satisfies Record<string, SimulatedLayout>
export type LayoutName = keyof typeof SIMULATED_LAYOUTS

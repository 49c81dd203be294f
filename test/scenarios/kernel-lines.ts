/** Prints lines as `trace_print_context()` does: who, which CPU, when. The clock goes on by itself between lines. */
export interface Task {
  comm: string
  pid: number
  cpu: number
}

export const VOCABULARIES = ['recipe', 'btf', 'raw', 'native'] as const
export type Vocabulary = (typeof VOCABULARIES)[number]

export interface Ledger {
  vocabulary: Vocabulary
  /** Kernels up to 7.0 say `move_notify`. */
  legacyNames: boolean
  /** Microseconds. */
  now: number
  /** Microseconds between lines. */
  step: number
  task: Task
  readonly lines: string[]
}

export function createLedger(vocabulary: Vocabulary): Ledger {
  return {
    vocabulary,
    legacyNames: false,
    now: 40_000_000,
    step: 13,
    task: { comm: 'tool', pid: 200, cpu: 0 },
    lines: ['# tracer: nop', '#'],
  }
}

export function print(k: Ledger, event: string, payload: string, flags = '...1.'): void {
  k.now += k.step
  const { comm, pid, cpu } = k.task
  const time = `${String(Math.floor(k.now / 1e6)).padStart(5)}.${String(k.now % 1e6).padStart(6, '0')}`
  const who = `${comm.padStart(16)}-${String(pid).padEnd(7)}`
  k.lines.push(`${who} [${String(cpu).padStart(3, '0')}] ${flags} ${time}: ${event}: ${payload}`)
}

export function wait(k: Ledger, seconds: number): void {
  k.now += Math.round(seconds * 1e6)
}

/** Runs what another task does meanwhile. */
export function as(k: Ledger, task: Task, body: () => void): void {
  const own = k.task
  k.task = task
  body()
  k.task = own
}

export function kernelLog(k: Ledger, text: string, flags = 'd....'): void {
  print(k, 'console', text, flags)
}

export function marker(k: Ledger, text: string): void {
  print(k, 'tracing_mark_write', text)
}

/** Events of one CPU that are gone; the marker stands before the next one of that CPU. */
export function loseHere(k: Ledger, count: number | null, cpu = k.task.cpu): void {
  k.lines.push(count === null ? `CPU:${cpu} [LOST EVENTS]` : `CPU:${cpu} [LOST ${count} EVENTS]`)
}

export function traceText(k: Ledger): Buffer {
  return Buffer.from(`${k.lines.join('\n')}\n`, 'latin1')
}

export const KWORKER: Task = { comm: 'kworker/1:2', pid: 88, cpu: 1 }
export const IDLE: Task = { comm: '<idle>', pid: 0, cpu: 0 }

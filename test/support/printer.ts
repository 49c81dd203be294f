/** Prints event lines as `trace_print_context()` of the kernel does, with a clock that the story moves on. */
export interface Printer {
  /** Microseconds. */
  now: number
  pid: number
  comm: string
  cpu: number
  /** One event; the clock goes on by 50 µs first. */
  event(name: string, payload: string): void
  /** A line that is no event. */
  raw(line: string): void
}

/** A piece of a story. */
export type Step = (print: Printer) => void

export interface Printed {
  lines: string[]
  /** Names of the events, by their number. */
  names: string[]
}

/** When a story begins, microseconds. */
export const BEGIN_US = 10_000_000

/** Lines before the first event. */
export const HEADER = 2

/** Runs the steps; events whose names are in `without` are not recorded, as if their probes had not been set. */
export function printTrace(steps: readonly Step[], without: ReadonlySet<string> = new Set()): Printed {
  const lines = ['# tracer: nop', '#']
  const names: string[] = []
  const print: Printer = {
    now: BEGIN_US,
    pid: 100,
    comm: 'tool',
    cpu: 0,
    event(name, payload) {
      print.now += 50
      if (without.has(name)) return
      const time = `${Math.floor(print.now / 1e6)}.${String(print.now % 1e6).padStart(6, '0')}`
      const task = `${print.comm.padStart(16)}-${String(print.pid).padEnd(7)}`
      lines.push(`${task} [${String(print.cpu).padStart(3, '0')}] ...1. ${time.padStart(12)}: ${name}: ${payload}`)
      names.push(name)
    },
    raw: (line) => void lines.push(line),
  }
  for (const step of steps) step(print)
  return { lines, names }
}

export function all(...steps: readonly Step[]): Step {
  return (print) => {
    for (const step of steps) step(print)
  }
}

/** Time goes by. */
export const later =
  (ms: number): Step =>
  (print) => {
    print.now += ms * 1000
  }

/** Another task does this, on another CPU. */
export const by =
  (comm: string, pid: number, ...steps: Step[]): Step =>
  (print) => {
    const own = { pid: print.pid, comm: print.comm, cpu: print.cpu }
    Object.assign(print, { pid, comm, cpu: pid % 4 })
    for (const step of steps) step(print)
    Object.assign(print, own)
  }

/** Events of this task's CPU are missing here. */
export const lost =
  (events: number, cpu?: number): Step =>
  (print) =>
    print.raw(`CPU:${cpu ?? print.cpu} [LOST ${events} EVENTS]`)

/** `trace_printk` and the like, or any event whose payload matters as it is. */
export const event =
  (name: string, payload: string): Step =>
  (print) =>
    print.event(name, payload)

export const console_ = (text: string): Step => event('console', text)

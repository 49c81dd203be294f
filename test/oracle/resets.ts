import type { Buffer } from './buffers.ts'
import { aliveAt } from './buffers.ts'
import { errno, mayMiss, number, type Trace, type TraceEvent, text } from './read-trace.ts'

/** One reset, from `pci_dev_save_and_disable` (else its first event) to the outermost return. CONTRACT §5.8. */
export interface Reset {
  /** The function that was reset first; null where no event names one. */
  device: string | null
  /** Functions disabled by `pci_dev_save_and_disable` within, with the event. */
  disabled: Map<string, TraceEvent>
  bus: boolean
  /** The module of the resetting function: what ties a reset without a device to its buffers. */
  module: string | null
  first: TraceEvent
  ret: TraceEvent | null
}

interface Open {
  reset: Reset
  stack: { what: string; device: string | null }[]
  disable: TraceEvent[]
}

const PCI_NAME = /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/
const BUS = new Set(['pci_reset_bus', 'pci_bridge_secondary_bus_reset', 'pcirst_bus', 'pcirst_sbr'])

/** The methods themselves (KERNEL.md §4.2 "Optional"), often probed at entry alone. */
const LEAF = new Set([
  'pci_af_flr',
  'pci_pm_reset',
  'pci_bridge_secondary_bus_reset',
  'pcirst_af',
  'pcirst_pm',
  'pcirst_sbr',
])

/** The names that a reset's entry and return share: the probed function, else the event's name (CONTRACT §5.3). */
function step(
  event: TraceEvent,
): { kind: 'enter' | 'leave' | 'disable' | 'restore'; what: string; device: string | null } | null {
  const name = text(event, 'dev')
  const device = name !== null && PCI_NAME.test(name) ? name : null
  const console = event.name === 'console' ? /(\S+): (resetting|reset done)\s*$/.exec(event.rest) : null
  if (console && PCI_NAME.test(console[1]!))
    return { kind: console[2] === 'resetting' ? 'enter' : 'leave', what: 'console', device: console[1]! }
  if (!event.name.startsWith('pcirst_')) return null
  if (event.fn === 'pci_dev_save_and_disable' || event.name === 'pcirst_disable')
    return { kind: 'disable', what: 'disable', device }
  if (event.fn === 'pci_dev_restore' || event.name === 'pcirst_restore')
    return { kind: 'restore', what: 'restore', device }
  const leave = event.name.endsWith('_ret')
  return { kind: leave ? 'leave' : 'enter', what: event.fn ?? event.name.replace(/_ret$/, ''), device }
}

export function findResets(trace: Trace): Reset[] {
  const found: Reset[] = []
  const names = new Set(trace.events.map((e) => e.name))
  const returns = (event: TraceEvent, what: string) => !LEAF.has(what) || names.has(`${event.name}_ret`)
  const open = new Map<number, Open>()
  const close = (pid: number, ret: TraceEvent | null) => {
    const ended = open.get(pid)
    if (ended) ended.reset.ret = ret
    open.delete(pid)
  }
  for (const event of trace.events) {
    const at = step(event)
    if (!at) continue
    let now = open.get(event.pid)
    // A function does not reset inside itself: its return is missing.
    const repeated = now?.stack.some((s) => s.what === at.what && s.device === at.device)
    const elsewhere =
      now?.stack.length === 0 && at.kind === 'enter' && !now.disable.some((d) => text(d, 'dev') === at.device)
    if (at.kind === 'enter' && (repeated || elsewhere)) {
      close(event.pid, null)
      now = undefined
    }
    if (!now && (at.kind === 'enter' || at.kind === 'disable')) {
      now = {
        reset: { device: at.device, disabled: new Map(), bus: false, module: event.module, first: event, ret: null },
        stack: [],
        disable: [],
      }
      open.set(event.pid, now)
      found.push(now.reset)
    }
    if (!now) continue
    // Only its entry is probed: nobody will say when it ended, unless a call around it does.
    if (at.kind === 'enter' && !returns(event, at.what)) {
      if (now.reset.first === event) {
        now.reset.bus = BUS.has(at.what)
        close(event.pid, event)
      }
      continue
    }
    if (at.kind === 'disable') {
      now.disable.push(event)
      if (at.device && !now.reset.disabled.has(at.device)) now.reset.disabled.set(at.device, event)
    } else if (at.kind === 'enter') {
      now.stack.push({ what: at.what, device: at.device })
      if (now.stack.length === 1) now.reset.bus = BUS.has(at.what)
    } else if (at.kind === 'leave') {
      const index = now.stack.findLastIndex(
        (s) => s.what === at.what && (s.device === at.device || at.device === null || s.device === null),
      )
      if (index >= 0) now.stack.splice(index)
      if (index >= 0 && now.stack.length === 0) close(event.pid, event)
    } else if (now.stack.length === 0) close(event.pid, event)
  }
  return found
}

/** R5 "failed reset (-EAGAIN/-ENOTTY) never touched HW". */
export function failed(reset: Reset): boolean {
  return reset.ret !== null && [11, 25].includes(errno(number(reset.ret, 'ret')))
}

/** Where the reset begins for this device: its own disable, else the first disable, else the first event. */
export function startFor(reset: Reset, device: string | null): TraceEvent {
  return (device !== null && reset.disabled.get(device)) || [...reset.disabled.values()][0] || reset.first
}

/** R5 "bus reset covers siblings": the functions of the same domain and bus. */
export function covers(reset: Reset, device: string): boolean {
  if (reset.device === device || reset.disabled.has(device)) return true
  const bus = (name: string) => name.slice(0, name.lastIndexOf(':'))
  return reset.bus && reset.device !== null && bus(reset.device) === bus(device)
}

/** The buffers a reset concerns, and whether that is certain. CONTRACT §5.8 for resets that name no device. */
export function buffersOf(
  trace: Trace,
  reset: Reset,
  buffers: Buffer[],
): { buffer: Buffer; start: TraceEvent; certain: boolean }[] {
  if (reset.device !== null || reset.disabled.size > 0) {
    return buffers
      .filter((b) => b.device !== null && covers(reset, b.device))
      .map((buffer) => ({ buffer, start: startFor(reset, buffer.device), certain: true }))
      .filter(({ buffer, start }) => aliveAt(buffer, start.seq))
  }
  const start = startFor(reset, null)
  const module = reset.module
  const tied = buffers.filter((b) => module !== null && (b.module === module || b.exporter === module))
  const alive = tied.filter((b) => aliveAt(b, start.seq))
  // Alone, as far as no export was missed.
  const certain = alive.length === 1 && !mayMiss(trace, -1, start.seq)
  return alive.map((buffer) => ({ buffer, start, certain }))
}

import type { Point } from '../act.ts'

/**
 * The head of a dynamic event's payload, which names what was probed: `(func+0x4/0x120)` at an entry,
 * `(caller+0x47/0x80 [mod] <- func)` at a return (trace_kprobe.c and trace_fprobe.c `print_*_event()`),
 * `(__probestub_event+0x4/0x10)` for a probe on a tracepoint, `(system.event)` for an event probe.
 */
export interface Head {
  point: Point
  /** The probed function, or the tracepoint where `point` is `event`. */
  name: string
  module: string | null
  caller: string | null
  callerModule: string | null
  /** Where the fields begin in the payload. */
  end: number
}

/** The head of a payload, or null where it has none: then the event is no probe. */
export function readHead(payload: string): Head | null {
  if (payload.charCodeAt(0) !== PAREN) return null
  const end = headEnd(payload)
  return end === -1 ? null : parseHead(payload.slice(0, end))
}

const PAREN = 0x28

function headEnd(payload: string): number {
  let close = payload.indexOf(')')
  while (close !== -1) {
    const next = payload.charCodeAt(close + 1)
    if (close + 1 === payload.length || next === 0x20) return close + 1
    close = payload.indexOf(')', close + 1)
  }
  return -1
}

/**
 * perf and trace-cmd print addresses, and at a return the function before the caller: `(ffffffff94b7e914 <- ffffffff94b8634b)`
 * (trace_probe.c `__set_print_fmt()`). An address names no function.
 */
const BARE = /^([0-9a-f]{8}|[0-9a-f]{16})(?: <- ([0-9a-f]{8}|[0-9a-f]{16}))?$/

export function parseHead(text: string): Head | null {
  const inner = text.slice(1, -1)
  const bare = BARE.exec(inner)
  if (bare) {
    const point = bare[2] === undefined ? 'entry' : 'return'
    return { point, name: bare[1]!, module: null, caller: null, callerModule: null, end: text.length }
  }
  const arrow = inner.lastIndexOf(' <- ')
  const end = text.length
  if (arrow !== -1) {
    const caller = symbolOf(inner.slice(0, arrow))
    const fn = symbolOf(inner.slice(arrow + 4))
    return { point: 'return', name: fn.name, module: fn.module, caller: caller.name, callerModule: caller.module, end }
  }
  const stub = /^(?:__probestub_|__traceiter_|__do_trace_|trace_event_raw_event_)(\w+)/.exec(inner)
  if (stub) return event(stub[1]!, end)
  const eprobe = /^\w+[./](\w+)$/.exec(inner)
  if (eprobe) return event(eprobe[1]!, end)
  const fn = symbolOf(inner)
  if (fn.name === '') return null
  return { point: 'entry', name: fn.name, module: fn.module, caller: null, callerModule: null, end }
}

function event(name: string, end: number): Head {
  return { point: 'event', name, module: null, caller: null, callerModule: null, end }
}

/** Compilers split and clone functions: `vfio_pci_dev_set_hot_reset.constprop.0` is still that function. */
const CLONE = /\.(?:constprop|isra|part|cold|llvm|lto_priv)(?:\.\w+)*$/

/** `sym+0x4/0x120 [mod]` → name and module; `sym-addr` appends ` <ffffffff…>`. */
function symbolOf(text: string): { name: string; module: string | null } {
  const module = /\[([^\]]+)\]/.exec(text)
  const bare = text.replace(/[+ ].*/, '').replace(CLONE, '')
  return { name: bare.startsWith('[') ? '' : bare, module: module && !bare.startsWith('[') ? module[1]! : null }
}

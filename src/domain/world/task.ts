import type { Attachment, Buffer, Mapping, Reset, Revocation, Sighting } from './entities.ts'
import type { Splat } from './splat.ts'
import type { VfioDevice } from './vfio-device.ts'

/** A probed call that has been entered and not yet returned. */
export interface Call {
  fn: string
  entered: Sighting
  buffer: Buffer | null
  attachment: Attachment | null
  mapping: Mapping | null
  revocation: Revocation | null
  /** Field values that only the entry shows. */
  direction: string | null
  resv: string | null
  usage: string | null
}

/** `vfio_pci_dma_buf_move()`, from its entry to its return or, without a return probe, to the next one. */
export interface Move {
  vfio: VfioDevice
  revoking: boolean
  entered: Sighting
  returned: boolean
  /** The reset of its device that another thread was in when it began. */
  within: Reset | null
  /** Inside `vfio_pci_dma_buf_cleanup()`: for good. */
  closing: boolean
  revocations: Revocation[]
  restored: Buffer[]
}

/** What one thread is in the middle of. Return probes carry little; the thread tells what they return from. */
export interface Task {
  /** Not one thread: all whose pid the trace does not give, and idle tasks of CPUs that it does not give. */
  unknown: boolean
  /** CPU and time of its last event. */
  cpu: number
  spoke: bigint | null
  calls: Call[]
  move: Move | null
  /** Device whose close this thread runs. */
  closing: VfioDevice | null
  reset: Reset | null
  exported: Buffer | null
  attached: Attachment | null
  /** Buffer it invalidated last, whose reservation object the next wait names. */
  invalidated: Buffer | null
  /** What it is taking down, while it is not known whether the return of that is probed. */
  unmapping: { mapping: Mapping; fn: string } | null
  /** Addresses that it has translated in one go, from and to: what it maps in several segments. */
  translated: { from: number; to: number } | null
  /** A kernel splat that it is printing. */
  splat: Splat | null
}

const DEEPEST = 32

export function createTask(unknown = false): Task {
  return {
    unknown,
    cpu: -1,
    spoke: null,
    calls: [],
    move: null,
    closing: null,
    reset: null,
    exported: null,
    attached: null,
    invalidated: null,
    unmapping: null,
    translated: null,
    splat: null,
  }
}

/** Events were lost: what the thread was in the middle of may be over. */
export function forgetCalls(task: Task): void {
  task.calls.length = 0
  task.move = null
  task.closing = null
  task.exported = null
  task.attached = null
  task.invalidated = null
}

export function enter(task: Task, fn: string, entered: Sighting, fields: Partial<Omit<Call, 'fn' | 'entered'>>): Call {
  const call: Call = {
    fn,
    entered,
    buffer: null,
    attachment: null,
    mapping: null,
    revocation: null,
    direction: null,
    resv: null,
    usage: null,
    ...fields,
  }
  task.calls.push(call)
  // Entries whose returns are not probed would pile up.
  if (task.calls.length > DEEPEST) task.calls.shift()
  return call
}

/** Takes the innermost open call of `fn`, and with it whatever was entered inside and never returned. */
export function leave(task: Task, fn: string): Call | null {
  for (let i = task.calls.length - 1; i >= 0; i--) {
    if (task.calls[i]!.fn === fn) {
      const call = task.calls[i]!
      task.calls.length = i
      return call
    }
  }
  return null
}

/** The innermost open call of one of these functions. */
export function openCall(task: Task, fns: ReadonlySet<string>): Call | null {
  for (let i = task.calls.length - 1; i >= 0; i--) {
    if (fns.has(task.calls[i]!.fn)) return task.calls[i]!
  }
  return null
}

/** Drops open calls of these functions, and what was entered inside them. */
export function dropCalls(task: Task, fns: ReadonlySet<string>): void {
  const at = task.calls.findIndex((call) => fns.has(call.fn))
  if (at >= 0) task.calls.length = at
}

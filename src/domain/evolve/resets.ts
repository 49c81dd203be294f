import type { ActType } from '../act-type.ts'
import type { ResetMethod } from '../read-model.ts'
import { errnoName, errnoOfNumber, isAddress } from '../recognise/pointer.ts'
import type { Reset } from '../world/entities.ts'
import { touch, type World } from '../world/world.ts'
import type { Context } from './context.ts'
import { settleLoss } from './device-loss.ts'
import { BRIDGE, isOuter, METHODS, TRIGGERS, touchesHardware, UNTOUCHED } from './reset-functions.ts'
import { leaveUntouched, tieToMove, touchHardware, vfioOf } from './reset-scope.ts'
import { onResetText } from './reset-text.ts'
import { setCause } from './revocations.ts'

/** A reset is a nest of functions in one thread, from the first entry to the outermost return. */
export function onReset(context: Context): void {
  const { act } = context
  if (act.fn === null) return onResetText(context)
  const reset = resetFor(context)
  context.world.about.device = reset.device
  if (act.point === 'return') leaveReset(context, reset)
  else enterReset(context, reset)
}

/** The reset this thread is in, if the act belongs to it, else a new one. */
function resetFor(context: Context): Reset {
  const { world, act, task } = context
  const open = task.reset
  if (!open || open.closed) return beginReset(context)
  const sibling = siblingOf(context, open)
  if (sibling) return sibling
  if (!belongs(context, open)) {
    closeReset(context, open)
    return beginReset(context)
  }
  if (act.fn !== BRIDGE) place(world, open, act.device)
  return open
}

function belongs({ act }: Context, open: Reset): boolean {
  if (act.fn !== BRIDGE && act.device !== null && open.device !== null && act.device !== open.device) return false
  if (act.point === 'return' || !isOuter(act.fn!)) return true
  return open.finished === null && !open.frames.some((frame) => frame.fn === act.fn)
}

/** A bus reset takes every function on the bus with it: each has a row of its own. */
export function siblingOf(context: Context, open: Reset): Reset | null {
  const { world, act } = context
  if (open.method !== 'bus' || act.device === null || open.device === null || act.device === open.device) return null
  if (act.fn !== null && (act.fn === BRIDGE || isOuter(act.fn))) return null
  const known = open.siblings.find((reset) => reset.device === act.device)
  if (known) return known
  const sibling = createReset(context)
  sibling.method = 'bus'
  sibling.parent = open
  open.siblings.push(sibling)
  place(world, sibling, act.device)
  return sibling
}

export function beginReset(context: Context): Reset {
  const { world, act, task } = context
  const reset = createReset(context)
  const device = act.fn === BRIDGE ? (world.errorBelow.get(act.device ?? '') ?? act.device) : act.device
  reset.bridge = act.fn === BRIDGE && device !== null && device === act.device
  if (device !== act.device) reset.trigger = 'error-recovery'
  place(world, reset, device)
  task.reset = reset
  tieToMove(context, reset)
  return reset
}

function createReset({ world, act }: Context): Reset {
  const reset: Reset = {
    id: world.resets.length,
    dirty: false,
    device: null,
    devicePtr: isAddress(act.devicePtr) ? act.devicePtr : null,
    vfio: null,
    named: [],
    loss: null,
    bridge: false,
    module: act.module,
    pid: world.record.pid,
    parent: null,
    siblings: [],
    method: 'unknown',
    trigger: 'unknown',
    first: world.now,
    touched: null,
    disabled: null,
    finished: null,
    closed: false,
    result: null,
    frames: [],
    live: new Set(),
    buffers: new Set(),
    unrevoked: new Set(),
    unsignalled: [],
    doubtful: new Set(),
    doubtfullyLive: new Set(),
    attached: false,
    ofAnybody: false,
    judged: false,
    verdict: 'clean',
    unsure: null,
    doubt: null,
    findings: [],
  }
  world.resets.push(reset)
  touch(world.changed.resets, reset)
  return reset
}

export function place(world: World, reset: Reset, device: string | null): void {
  if (reset.device !== null || device === null) return
  reset.device = device
  world.resetsByDevice.set(device, reset)
  touch(world.changed.resets, reset)
}

function enterReset(context: Context, reset: Reset): void {
  const { world, act } = context
  const fn = act.fn!
  reset.frames.push({ fn, seq: world.now.seq })
  learnMethod(context, reset, METHODS.get(fn))
  if (fn === 'pci_dev_save_and_disable') reset.disabled ??= world.now
  if (touchesHardware(fn)) touchHardware(context, reset)
}

export function learnMethod({ world }: Context, reset: Reset, method: ResetMethod | undefined): void {
  if (!method) return
  if (method === 'flr') nameCause(world, reset)
  if (reset.method === 'flr') return
  // After a failed FLR another method may be tried: the last one counts, but a bus reset contains none of these.
  if (reset.method !== 'bus' || method === 'flr') reset.method = method
  touch(world.changed.resets, reset)
}

/** The revocations that this reset follows: an FLR was what they were for (CONTRACT §5.4). */
function nameCause(world: World, reset: Reset): void {
  for (const revocation of vfioOf(world, reset)?.open ?? []) {
    if (revocation.cause === 'reset' || revocation.cause === 'unknown') setCause(world, revocation, 'flr')
  }
}

function leaveReset(context: Context, reset: Reset): void {
  const { world, act } = context
  const at = reset.frames.findLastIndex((frame) => frame.fn === act.fn)
  // The return of what stands around all others is the end of them, whether or not its entry was seen.
  if (at >= 0 || isOuter(act.fn!)) reset.frames.length = Math.max(at, 0)
  const errno = act.ret === null ? null : errnoOfNumber(act.ret)
  const outermost = reset.frames.length === 0 && reset.parent === null
  if (act.caller !== null) {
    const trigger = TRIGGERS.get(act.caller)
    if (trigger) reset.trigger = trigger
    if (trigger === 'error-recovery') for (const revocation of reset.named) setCause(world, revocation, 'ras')
  }
  if (at < 0) {
    learnMethod(context, reset, METHODS.get(act.fn!))
  }
  reset.finished = world.now
  if (act.ret !== null && (outermost || reset.result === null)) reset.result = errno === null ? 'ok' : errnoName(errno)
  touch(world.changed.resets, reset)
  if (!outermost) return
  const refused = UNTOUCHED.has(errno) && reset.method === 'unknown'
  if (refused && isOuter(act.fn!)) leaveUntouched(context, reset)
  else touchHardware(context, reset)
  closeReset(context, reset)
}

/** What a thread cannot do inside a reset. */
const AFTER_RESET: ReadonlySet<ActType> = new Set([
  'export',
  'fd',
  'get',
  'attach',
  'map',
  'cpu-map',
  'device-move',
  'device-export',
  'device-close',
])

/** The thread goes on to other things: a reset whose return was not seen ended where it was last heard of. */
export function leaveBehind(context: Context, reset: Reset): void {
  if (reset.finished || AFTER_RESET.has(context.act.type)) closeReset(context, reset)
}

export function closeReset(context: Context, reset: Reset): void {
  if (reset.closed) return
  reset.closed = true
  for (const sibling of reset.siblings) {
    sibling.trigger = reset.trigger
    sibling.finished ??= reset.finished
    sibling.result ??= reset.result
    touchHardware(context, sibling)
    closeReset(context, sibling)
  }
  touch(context.world.changed.resets, reset)
  judge(context, reset)
}

export function judge(context: Context, reset: Reset): void {
  if (reset.judged) return
  reset.judged = true
  context.tell('reset', { reset })
  settleLoss(context, reset)
}

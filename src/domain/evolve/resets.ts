import type { ActType } from '../act-type.ts'
import { judgeReset } from '../findings.ts'
import type { ResetMethod, ResetTrigger } from '../read-model.ts'
import { errnoName, errnoOfNumber, isAddress } from '../recognise/pointer.ts'
import type { Buffer, Reset, VfioDevice } from '../world/entities.ts'
import { touch, type World } from '../world/world.ts'
import type { Context } from './context.ts'
import { setCause } from './revocations.ts'
import { isVfioExporter, nameDevice } from './vfio-devices.ts'

/** Functions that carry a reset from beginning to end; the others run inside them, or alone. */
const OUTER: ReadonlySet<string> = new Set([
  'pci_try_reset_function',
  'pci_reset_function',
  'pci_reset_function_locked',
  'pci_reset_bus',
])

/** Functions after whose entry the device is no longer its former self. */
const TOUCHES: ReadonlySet<string> = new Set([
  'pci_dev_save_and_disable',
  'pcie_flr',
  'pcie_reset_flr',
  'pci_af_flr',
  'pci_pm_reset',
  'pci_bridge_secondary_bus_reset',
  'pci_reset_bus',
  '__pci_reset_bus',
  '__pci_reset_function_locked',
])

const METHODS: ReadonlyMap<string, ResetMethod> = new Map([
  ['pcie_flr', 'flr'],
  ['pcie_reset_flr', 'flr'],
  ['pci_af_flr', 'af-flr'],
  ['pci_pm_reset', 'pm'],
  ['pci_bridge_secondary_bus_reset', 'bus'],
  ['pci_reset_bus', 'bus'],
  ['__pci_reset_bus', 'bus'],
])

/** Who asked, by the caller that an outer function returns to (KERNEL.md §3.2). */
const TRIGGERS: ReadonlyMap<string, ResetTrigger> = new Map([
  ['vfio_pci_core_enable', 'open'],
  ['vfio_pci_core_ioctl', 'ioctl'],
  ['vfio_pci_ioctl_reset', 'ioctl'],
  ['vfio_pci_dev_set_hot_reset', 'ioctl'],
  ['vfio_pci_ioctl_pci_hot_reset', 'ioctl'],
  ['vfio_exp_config_write', 'config-write'],
  ['vfio_af_config_write', 'config-write'],
  ['reset_store', 'sysfs'],
  ['reset_method_store', 'sysfs'],
  ['vfio_pci_core_disable', 'close'],
  ['pcie_do_recovery', 'error-recovery'],
  ['aer_root_reset', 'error-recovery'],
  ['dpc_reset_link', 'error-recovery'],
  ['pci_bus_error_reset', 'error-recovery'],
  ['eeh_reset_device', 'error-recovery'],
])

/** Errors with which a reset ends before it touches the device. */
const UNTOUCHED: ReadonlySet<number> = new Set([11, 25])

export function onReset(context: Context): void {
  const { act, task } = context
  if (act.fn === null) return onResetText(context)
  const reset = resetFor(context)
  context.world.about.device = reset.device
  if (act.point === 'return') leaveReset(context, reset)
  else enterReset(context, reset)
  task.reset = reset.closed ? null : reset
}

/** The reset this thread is in, if the act belongs to it, else a new one. */
function resetFor(context: Context): Reset {
  const { world, act, task } = context
  const open = task.reset
  if (open && !open.closed) {
    if (belongs(context, open)) {
      if (open.device === null && act.device !== null && act.fn !== BRIDGE) place(world, open, act.device)
      return open
    }
    closeReset(context, open)
  }
  return beginReset(context)
}

/** A bridge's own name stands for the bus below it. */
const BRIDGE = 'pci_bridge_secondary_bus_reset'

function belongs({ act }: Context, open: Reset): boolean {
  if (act.fn !== BRIDGE && act.device !== null && open.device !== null && act.device !== open.device) return false
  if (act.point === 'return' || !isOuter(act.fn!)) return true
  return open.finished === null && !open.frames.some((frame) => frame.fn === act.fn)
}

/** pci.c's whole resets, and any other driver's own. */
function isOuter(fn: string): boolean {
  return OUTER.has(fn) || !/^_*pcie?_/.test(fn)
}

function beginReset(context: Context): Reset {
  const { world, act, task } = context
  const reset: Reset = {
    id: world.resets.length,
    dirty: false,
    device: null,
    devicePtr: isAddress(act.devicePtr) ? act.devicePtr : null,
    vfio: null,
    module: act.module,
    pid: world.record.pid,
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
    attached: false,
    doubtfullyAttached: false,
    judged: false,
    verdict: 'clean',
    unsure: null,
    findings: [],
  }
  world.resets.push(reset)
  touch(world.changed.resets, reset)
  if (act.device !== null) place(world, reset, act.device)
  task.reset = reset
  tieToMove(context, reset)
  return reset
}

function place(world: World, reset: Reset, device: string): void {
  reset.device = device
  world.resetsByDevice.set(device, reset)
  touch(world.changed.resets, reset)
}

/**
 * A thread that has just revoked a device, or is closing it, resets that device: this ties a reset that names no
 * device, and names a device known by address only.
 */
function tieToMove({ world, task }: Context, reset: Reset): void {
  const { move, closing } = task
  const tied = closing ?? (move?.revoking ? move.vfio : null)
  if (reset.device === null) {
    reset.vfio = tied
    if (closing) reset.trigger = 'close'
  } else {
    if (tied && tied.name === null && !world.vfioByName.has(reset.device)) nameDevice(world, tied, reset.device)
    if (closing?.name === reset.device) reset.trigger = 'close'
  }
  if (reset.trigger === 'close') task.closing = null
}

function vfioOf(world: World, reset: Reset): VfioDevice | null {
  return (reset.device === null ? null : world.vfioByName.get(reset.device)) ?? reset.vfio
}

function enterReset(context: Context, reset: Reset): void {
  const { world, act } = context
  const fn = act.fn!
  reset.frames.push({ fn, seq: world.now.seq })
  learnMethod(context, reset, METHODS.get(fn))
  if (fn === 'pci_dev_save_and_disable') reset.disabled ??= world.now
  if (TOUCHES.has(fn) || (isOuter(fn) && !OUTER.has(fn))) touchHardware(context, reset)
}

function learnMethod(context: Context, reset: Reset, method: ResetMethod | undefined): void {
  const { world } = context
  if (!method || reset.method === 'flr') return
  // After a failed FLR another method may be tried: the last one counts, but a bus reset contains none of these.
  if (reset.method !== 'bus' || method === 'flr') reset.method = method
  touch(world.changed.resets, reset)
  if (method === 'flr' || method === 'af-flr') nameCause(world, reset)
}

/** The revocations that this reset follows: an FLR was what they were for (CONTRACT §5.4). */
function nameCause(world: World, reset: Reset): void {
  for (const revocation of vfioOf(world, reset)?.open ?? []) {
    if (revocation.cause === 'reset' || revocation.cause === 'unknown') setCause(world, revocation, 'flr')
  }
}

function touchHardware(context: Context, reset: Reset): void {
  const { world } = context
  if (reset.touched) return
  reset.touched = world.now
  touch(world.changed.resets, reset)
  for (const revocation of vfioOf(world, reset)?.open ?? []) {
    if (revocation.cause === 'unknown') setCause(world, revocation, 'reset')
  }
  for (const buffer of buffersOf(world, reset)) hit(world, reset, buffer)
  for (const buffer of doubtfulBuffers(world, reset)) {
    reset.doubtful.add(buffer)
    reset.doubtfullyAttached ||= buffer.attachments.size > 0
  }
}

function hit(world: World, reset: Reset, buffer: Buffer): void {
  reset.buffers.add(buffer)
  buffer.lastReset = reset
  reset.attached ||= [...buffer.attachments].some((attachment) => attachment.class !== 'private')
  if (!buffer.dead && (buffer.state === 'live' || buffer.state === 'unknown') && !isWithinRevocation(buffer))
    reset.unrevoked.add(buffer)
  for (const fence of buffer.fences) if (!fence.awaited) reset.unsignalled.push(fence)
  if (buffer.revocation && reset.device === null) buffer.resetAfterInvalidate = true
  if (buffer.revocation && !buffer.revocation.restored) buffer.resetAfterInvalidate = true
  for (const mapping of buffer.mappings) {
    reset.live.add(mapping)
    mapping.liveAtReset = true
    touch(world.changed.mappings, mapping)
  }
}

/** An exporter without a visible revoked state has at least told its importers since the last map. */
function isWithinRevocation(buffer: Buffer): boolean {
  const { revocation } = buffer
  return (
    revocation !== null &&
    revocation.kind === 'invalidate' &&
    !revocation.restored &&
    revocation.pending.size === 0 &&
    [...buffer.mappings].every((m) => m.revocation === revocation)
  )
}

/** Buffers exported from the device being reset; without a device name, those that the reset's own module exported. */
function buffersOf(world: World, reset: Reset): Buffer[] {
  if (reset.device !== null) return [...(world.buffersByDevice.get(reset.device) ?? [])]
  if (reset.vfio) return [...reset.vfio.buffers]
  if (reset.module === null) return []
  return [...world.unreleased].filter((b) => b.module === reset.module && b.exporterDevice === null)
}

/** A vfio buffer whose device no probe named may be of any device; a reset that names none may be of any vfio buffer. */
function doubtfulBuffers(world: World, reset: Reset): Buffer[] {
  if (reset.trigger === 'open' || reset.vfio) return []
  if (reset.device !== null) return [...world.homeless].filter((b) => !b.dead)
  if (reset.module !== null) return []
  return [...world.unreleased].filter((b) => isVfioExporter(b.exporter) && !b.dead && b.state !== 'revoked')
}

/** A mapping made while the reset runs is live in it as well. */
export function mappedDuringReset(context: Context, buffer: Buffer): void {
  const { world } = context
  const reset = buffer.exporterDevice === null ? undefined : world.resetsByDevice.get(buffer.exporterDevice)
  if (reset?.touched && !reset.closed && reset.finished === null && buffer.state === 'live') hit(world, reset, buffer)
}

function leaveReset(context: Context, reset: Reset): void {
  const { world, act } = context
  const at = reset.frames.findLastIndex((frame) => frame.fn === act.fn)
  const entered = at >= 0
  if (entered) reset.frames.length = at
  const errno = act.ret === null ? null : errnoOfNumber(act.ret)
  const outermost = reset.frames.length === 0
  if (act.caller !== null) {
    const trigger = TRIGGERS.get(act.caller)
    if (trigger) reset.trigger = trigger
  }
  learnMethod(context, reset, METHODS.get(act.fn!))
  reset.finished = world.now
  if (act.ret !== null && (outermost || reset.result === null)) reset.result = errno === null ? 'ok' : errnoName(errno)
  touch(world.changed.resets, reset)
  if (!reset.touched && outermost && (errno === null || !UNTOUCHED.has(errno))) touchHardware(context, reset)
  if (outermost) closeReset(context, reset)
}

/** `vfio-pci 0000:01:00.0: resetting` … `reset done`, and the waits in between. */
function onResetText(context: Context): void {
  const { world, act, task } = context
  const open =
    task.reset && !task.reset.closed && (task.reset.device === null || task.reset.device === act.device)
      ? task.reset
      : null
  const known = act.device === null ? undefined : world.resetsByDevice.get(act.device)
  let reset = open ?? (known && !known.closed ? known : null)
  world.about.device = act.device
  if (act.detail === 'resetting') {
    reset ??= beginReset(context)
    if (reset.device === null && act.device !== null) place(world, reset, act.device)
    if (!reset.frames.some((f) => f.fn === TEXT)) reset.frames.push({ fn: TEXT, seq: world.now.seq })
    touchHardware(context, reset)
    task.reset = reset
    return
  }
  if (!reset) return
  if (act.detail === 'reset-done') {
    const at = reset.frames.findLastIndex((f) => f.fn === TEXT)
    if (at >= 0) reset.frames.splice(at, 1)
    reset.finished = world.now
    reset.result ??= 'ok'
    touch(world.changed.resets, reset)
    if (reset.frames.length === 0) closeReset(context, reset)
  } else if (act.detail === 'gave-up' || act.detail === 'not-ready') {
    if (reset.method === 'unknown' && act.state === 'FLR') learnMethod(context, reset, 'flr')
    if (act.detail === 'gave-up') reset.result = 'timeout'
    touch(world.changed.resets, reset)
  }
}

const TEXT = 'console'

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
export function leaveBehind(context: Context): void {
  const { act, task } = context
  if (!task.reset || task.reset.closed) return
  if (!task.reset.finished && !AFTER_RESET.has(act.type)) return
  closeReset(context, task.reset)
  task.reset = null
}

export function closeReset(context: Context, reset: Reset): void {
  if (reset.closed) return
  reset.closed = true
  if (context.task.reset === reset) context.task.reset = null
  touch(context.world.changed.resets, reset)
  judge(context, reset)
}

export function judge(context: Context, reset: Reset): void {
  if (reset.judged) return
  reset.judged = true
  context.tell('reset', { reset })
  judgeReset(context.world, reset)
}

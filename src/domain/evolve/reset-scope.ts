import type { Buffer, Reset } from '../world/entities.ts'
import { isTie, tied } from '../world/order.ts'
import type { VfioDevice } from '../world/vfio-device.ts'
import { touch, type World } from '../world/world.ts'
import type { Context } from './context.ts'
import { isBelow } from './pci-topology.ts'
import { setCause } from './revocations.ts'
import { isTranslationGone } from './unmap-evidence.ts'
import { isVfioExporter, nameDevice } from './vfio-devices.ts'

/**
 * A thread that has just revoked a device, or is closing it, resets that device: this ties a reset that names no
 * device, and names a device known by address only.
 */
export function tieToMove({ world, task }: Context, reset: Reset): void {
  const { move, closing } = task
  const tied = closing ?? (move?.revoking ? move.vfio : null)
  if (reset.device === null) {
    reset.vfio = tied
    if (closing) reset.trigger = 'close'
  } else {
    if (tied?.name === null && !reset.bridge && !world.vfioByName.has(reset.device))
      nameDevice(world, tied, reset.device)
    if (closing?.name === reset.device) reset.trigger = 'close'
  }
  if (reset.trigger === 'close') task.closing = null
}

export function vfioOf(world: World, reset: Reset): VfioDevice | null {
  return (reset.device === null ? null : world.vfioByName.get(reset.device)) ?? reset.vfio
}

/** The hardware is being touched: whatever is mapped now is mapped during the reset. */
export function touchHardware({ world }: Context, reset: Reset): void {
  if (reset.touched) return
  reset.touched = world.now
  touch(world.changed.resets, reset)
  for (const revocation of vfioOf(world, reset)?.open ?? []) {
    if (revocation.cause !== 'unknown') continue
    setCause(world, revocation, reset.trigger === 'error-recovery' ? 'ras' : 'reset')
    reset.named.push(revocation)
  }
  const { certain, doubtful } = buffersOf(world, reset)
  reset.ofAnybody = isTiedToNobody(reset) && [...world.unreleased].some(isTold)
  for (const buffer of certain) hit(world, reset, buffer)
  for (const buffer of doubtful) {
    reset.doubtful.add(buffer)
    for (const mapping of buffer.mappings) if (!isTranslationGone(world, mapping)) reset.doubtfullyLive.add(mapping)
  }
}

/** It turned out that no method got as far as the device. */
export function leaveUntouched({ world }: Context, reset: Reset): void {
  reset.touched = null
  for (const mapping of reset.live) {
    mapping.liveAtReset = false
    touch(world.changed.mappings, mapping)
  }
  for (const set of [reset.live, reset.buffers, reset.unrevoked, reset.doubtful, reset.doubtfullyLive]) set.clear()
  reset.attached = false
  reset.ofAnybody = false
}

function hit(world: World, reset: Reset, buffer: Buffer): void {
  const met = reset.buffers.has(buffer)
  reset.buffers.add(buffer)
  buffer.lastReset = reset
  reset.attached ||= [...buffer.attachments].some((attachment) => attachment.class !== 'private')
  const usable = buffer.state === 'live' || buffer.state === 'unknown'
  // What is restored while it lasts was revoked when it began.
  if (!met && !buffer.dead && usable && !isWithinRevocation(buffer)) reset.unrevoked.add(buffer)
  for (const fence of buffer.fences) if (!fence.awaited) reset.unsignalled.push(fence)
  if (buffer.revocation) buffer.resetAfterInvalidate = true
  noteTies(world, reset, buffer)
  const ended = buffer.lately.filter(({ unmapped }) => isTie(unmapped, reset.touched))
  for (const mapping of [...buffer.mappings, ...ended]) {
    if (isTranslationGone(world, mapping)) continue
    reset.live.add(mapping)
    mapping.liveAtReset = true
    touch(world.changed.mappings, mapping)
  }
}

/** What came in time, if the line before came first. */
function noteTies({ now }: World, reset: Reset, { signalled, revocation }: Buffer): void {
  reset.doubt ??=
    tied('the signal of a fence and the reset', signalled, now) ??
    tied('the end of the wait for fences and the reset', revocation?.fences, now)
  if (revocation && !revocation.restored)
    reset.doubt ??=
      tied('the revoke and the reset', revocation.requested, now) ??
      tied('the revoke and the reset', revocation.invalidated, now)
}

/** An exporter without a visible revoked state has at least told its importers since the last map. */
function isWithinRevocation(buffer: Buffer): boolean {
  return isTold(buffer) && buffer.mappings.size === 0
}

/** Where heads are bare addresses, not even the module is known. */
function isTiedToNobody({ device, vfio, module, trigger }: Reset): boolean {
  return device === null && vfio === null && module === null && trigger !== 'open'
}

/** Its importers were told to let go, as they are before a reset. */
function isTold({ revocation }: Buffer): boolean {
  return revocation !== null && !revocation.restored
}

interface Scope {
  certain: Buffer[]
  /** May or may not be of the device. */
  doubtful: Buffer[]
}

/** Buffers exported from the device being reset, and those of which no event says whether they are. */
function buffersOf(world: World, reset: Reset): Scope {
  const { device, vfio, module } = reset
  if (reset.bridge) return below(world, device!)
  if (device !== null) {
    const certain = [...(world.buffersByDevice.get(device) ?? [])]
    const homeless = reset.trigger === 'open' ? [] : [...world.homeless].filter((b) => !b.dead)
    return { certain, doubtful: homeless }
  }
  if (vfio) return { certain: [...vfio.buffers], doubtful: [] }
  if (module !== null) return ofModule(world, module)
  return { certain: [], doubtful: reset.trigger === 'open' ? [] : [...world.unreleased].filter(mayBeReset) }
}

/** All functions on the buses below it; what is below a bridge is seldom in the trace. */
function below(world: World, bridge: string): Scope {
  const scope: Scope = { certain: [], doubtful: [...world.homeless].filter(({ dead }) => !dead) }
  for (const [device, buffers] of world.buffersByDevice) {
    const is = isBelow(world, bridge, device)
    if (is) scope.certain.push(...buffers)
    else if (is === null) scope.doubtful.push(...[...buffers].filter(mayBeReset))
  }
  return scope
}

function mayBeReset({ exporter, dead, state }: Buffer): boolean {
  return isVfioExporter(exporter) && !dead && state !== 'revoked'
}

/**
 * A reset that names no device is tied to buffers through the module that exported them (CONTRACT §5.8), by the caller
 * of `dma_buf_export()` or by `exp_name`, which is the module's unless it says otherwise: to its only
 * one, or to those whose importers it has told; the others may be another device's.
 */
function ofModule(world: World, module: string): Scope {
  const own = [...world.unreleased].filter((b) => (b.module ?? b.exporter) === module && b.exporterDevice === null)
  if (own.length === 1) return { certain: own, doubtful: [] }
  const told = own.filter(isTold)
  return { certain: told, doubtful: own.filter((b) => !told.includes(b)) }
}

/** A mapping made while the reset runs is live in it as well; of a revoked buffer its return may be printed late. */
export function mappedDuringReset({ world }: Context, buffer: Buffer): void {
  const reset = resetOfExporter(world, buffer)
  const usable = buffer.state === 'live' || buffer.revocation === null
  if (reset && usable) hit(world, reset, buffer)
}

/** The reset that the exporting device is in. */
export function resetOfExporter(world: World, { exporterDevice }: Buffer): Reset | null {
  const reset = exporterDevice === null ? undefined : world.resetsByDevice.get(exporterDevice)
  return reset?.touched && !reset.closed && reset.finished === null ? reset : null
}

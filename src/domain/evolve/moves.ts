import type { Buffer, Mapping, Reset, Revocation, Sighting } from '../world/entities.ts'
import { tied } from '../world/order.ts'
import { enter, leave, type Move, openCall } from '../world/task.ts'
import type { VfioDevice } from '../world/vfio-device.ts'
import { gapBetween } from '../world/window.ts'
import { setState, touch, type World } from '../world/world.ts'
import type { Context } from './context.ts'
import { CAUSE_OF_CALLER, DISABLING } from './move-callers.ts'
import { setCause, setRestored } from './revocations.ts'
import { vfioDevice } from './vfio-devices.ts'

/** `vfio_pci_dma_buf_move()`: all buffers of the device are revoked, or restored, one after the other. */
export function onMove(context: Context): void {
  const { world, act, task } = context
  const device = vfioDevice(world, act)
  if (act.point === 'return') {
    const call = leave(task, act.fn!)
    if (call && task.move) returnMove(context, task.move)
    else if (device) adoptMove(context, device)
    return
  }
  // Which way it goes is all that a move says.
  if (!device || act.revoked === null) return
  if (task.move && !task.move.returned) settle(context, task.move)
  const revoking = isTrue(act.revoked)
  const within = revoking ? null : resetAround(world, device)
  task.move = {
    vfio: device,
    revoking,
    entered: world.now,
    returned: false,
    within,
    closing: revoking && isClosing(context, device),
    revocations: [],
    restored: [],
  }
  enter(task, act.fn!, world.now, {})
}

export const CLEANUP: ReadonlySet<string> = new Set(['vfio_pci_dma_buf_cleanup'])

/** A thread that has closed the device may open it again: where the cleanup returns, it is over with that. */
function isClosing({ world, task }: Context, device: VfioDevice): boolean {
  if (task.closing !== device) return false
  return openCall(task, CLEANUP) !== null || !world.returning.has('vfio_pci_dma_buf_cleanup')
}

/** The reset of the device that another thread is in the middle of. */
function resetAround({ resetsByDevice, record, now }: World, { name }: VfioDevice): Reset | null {
  const reset = name === null ? undefined : resetsByDevice.get(name)
  if (!reset?.touched) return null
  if (!reset.closed && reset.frames.length > 0) return reset.pid === record.pid ? null : reset
  reset.doubt ??= tied('the restore and the end of the reset', reset.finished, now)
  return null
}

function isTrue(value: string): boolean {
  return value !== '0' && value !== '0x0' && value !== 'N'
}

function returnMove(context: Context, move: Move): void {
  const { world, act } = context
  move.returned = true
  const cause = CAUSE_OF_CALLER.get(act.caller)
  if (cause) {
    for (const revocation of move.revocations) setCause(world, revocation, cause)
  }
  settle(context, move)
  if (cause === 'close') bury(context, move.vfio)
}

/** A return whose entry was not seen: at least the device's state is known from here on. */
function adoptMove(context: Context, device: VfioDevice): void {
  if (context.act.revoked === null) return
  const { since } = device
  device.revoked = isTrue(context.act.revoked)
  device.since = context.world.now
  if (device.revoked) adoptRevocations(context, device)
  moveUntold(context, device, device.revoked, since)
  const closing = isClosing(context, device) || context.act.caller === 'vfio_pci_dma_buf_cleanup'
  if (device.revoked && closing) bury(context, device)
}

/** Its buffers were told by invalidates that could not be placed: the return says what they were for. */
function adoptRevocations({ world, act }: Context, device: VfioDevice): void {
  const cause = CAUSE_OF_CALLER.get(act.caller)
  for (const { revocation } of device.buffers) {
    if (!revocation || revocation.restored) continue
    device.open.add(revocation)
    if (cause && revocation.cause === 'unknown') setCause(world, revocation, cause)
  }
}

/** The move is over, by its return or because its thread has gone on. */
export function settle(context: Context, move: Move): void {
  const { world } = context
  const byReturn = move.returned
  move.returned = true
  move.vfio.revoked = move.revoking
  move.vfio.since = move.entered
  if (move.revoking) {
    for (const revocation of move.revocations) {
      const { buffer } = revocation
      if (byReturn) {
        revocation.completed = world.now
        if (DISABLING.has(revocation.cause)) disable(context, revocation)
        revocation.doubt ??= tied('the signal of a fence and the end of the revoke', buffer.signalled, world.now)
        if ([...buffer.mappings].some(isHeld)) revocation.doubt ??= 'mappings were still live when the revoke was over'
        revocation.unsignalled = [...buffer.fences].filter((fence) => !fence.awaited)
      }
      touch(world.changed.revocations, revocation)
    }
    moveUntold(context, move.vfio, true)
    if (move.closing) bury(context, move.vfio)
    return
  }
  // What is still open now was not restored: its buffer was released or died meanwhile.
  move.vfio.open.clear()
  if (move.within?.touched) {
    const buffers = world.seen.has('invalidate') ? move.restored : [...move.vfio.buffers].filter(isRevoked)
    context.tell('restore-during-reset', { reset: move.within, at: move.entered, buffers })
  }
  if (byReturn) {
    for (const buffer of move.restored) {
      const { revocation } = buffer
      if (revocation?.restored && !buffer.dead) setRestored(context, buffer, revocation)
    }
  }
  moveUntold(context, move.vfio, false)
}

/** VFIO counts it and waits for it; iommufd's it does not. */
function isHeld({ unmapEntered, attachment }: Mapping): boolean {
  return unmapEntered === null && attachment?.class !== 'private'
}

function isRevoked({ state }: Buffer): boolean {
  return state === 'revoked'
}

function disable(context: Context, revocation: Revocation): void {
  const live = [...revocation.pending].filter(
    ({ unmapped, unmapEntered, attachment }) => !unmapped && !unmapEntered && attachment?.class !== 'private',
  )
  context.tell('disabled', { revocation, live, at: context.world.now })
}

/**
 * Buffers whose own invalidate was not seen went the way of their device. Where invalidates are probed, an un-revoke
 * without one is that of a close, which restores nothing.
 */
function moveUntold(context: Context, device: VfioDevice, revoking: boolean, since?: Sighting | null): void {
  const { world } = context
  const probed = world.seen.has('invalidate')
  for (const buffer of device.buffers) {
    if (buffer.released || buffer.dead) continue
    if (revoking) setState(world, buffer, 'revoked')
    else {
      // Of a move whose entry is lost, invalidates may have been taken for those of a revoke.
      const from = since === undefined ? buffer.revocation?.invalidated : since
      if (probed && !gapBetween(world.window, from?.ns ?? null, world.now.ns)) continue
      buffer.restoring = world.now
      buffer.bornRevoked = false
      setState(world, buffer, 'live')
      if (buffer.revocation && !buffer.revocation.restored) setRestored(context, buffer, buffer.revocation)
    }
  }
}

/** `vfio_pci_dma_buf_cleanup()`: the device is closed, its buffers can never come back. */
export function onCleanup(context: Context): void {
  const { world, act, task } = context
  const device = vfioDevice(world, act)
  if (act.point === 'return') {
    leave(task, act.fn!)
    const closed = device ?? task.closing
    if (task.move && !task.move.returned) settle(context, task.move)
    if (closed) bury(context, closed)
    return
  }
  task.closing = device
  enter(task, act.fn!, world.now, {})
}

/** `vfio_pci_core_close_device()`: what it calls is for good, what follows its return is not. */
export function onClose({ world, act, task }: Context): void {
  task.closing = act.point === 'entry' ? vfioDevice(world, act) : null
}

export function bury({ world }: Context, device: VfioDevice): void {
  for (const buffer of device.buffers) die(buffer)
  // Opened again, it has its memory on: what is exported then is not born revoked.
  device.revoked = null
  device.since = null
  for (const revocation of device.open) {
    revocation.permanent = true
    touch(world.changed.revocations, revocation)
  }
  function die(buffer: Buffer): void {
    if (buffer.released || buffer.dead) return
    buffer.dead = true
    setState(world, buffer, 'dead')
  }
}

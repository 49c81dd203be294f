import { isRevokingExporter } from '../exporters.ts'
import type { Cause } from '../read-model.ts'
import type { Buffer, Mapping, Revocation, Sighting } from '../world/entities.ts'
import { enter, leave, type Move } from '../world/task.ts'
import { setState, touch, type World } from '../world/world.ts'
import { ensureBuffer } from './buffers.ts'
import type { Context } from './context.ts'
import { isBeingRecovered } from './device-loss.ts'
import { noteTies } from './revocation-ties.ts'
import { assignVfio, isVfioExporter } from './vfio-devices.ts'

/**
 * `dma_buf_invalidate_mappings()` (≤ 7.0 `dma_buf_move_notify()`) is not itself a revoke: GPU exporters call it to
 * move, VFIO once more when it un-revokes (KERNEL.md §0.4). What it means comes from the move around it, if any.
 */
export function onInvalidate(context: Context): void {
  const { world, act, task } = context
  if (act.point === 'return') {
    const call = leave(task, act.fn!)
    const buffer = ensureBuffer(context) ?? call?.buffer ?? null
    world.about.buffer = buffer
    if (call) onInvalidateReturn(context, call.buffer, call.revocation)
    else if (buffer) onInvalidateReturn(context, buffer, tellImporters(context, buffer))
    return
  }
  const buffer = ensureBuffer(context)
  const call = enter(task, act.fn!, world.now, { buffer })
  if (buffer) call.revocation = tellImporters(context, buffer)
}

/** What the call begins: a revocation, or, inside an un-revoke, the restore of this buffer. */
function tellImporters(context: Context, buffer: Buffer): Revocation | null {
  const { world, act, task } = context
  task.invalidated = buffer
  const move = moveAround(context, buffer)
  if (move && !move.revoking) {
    move.restored.push(buffer)
    assignVfio(world, buffer, move.vfio)
    // Without its inode number it may be another one at the same address.
    if (buffer.dead && !buffer.released && buffer.ino !== null) context.tell('revived', { buffer, at: world.now })
    if (!world.returning.has(act.fn!)) beginRestore(context, buffer, move)
    return null
  }
  if (move) {
    assignVfio(world, buffer, move.vfio)
    const revocation = revoke(context, buffer, 'move', move.entered)
    revocation.permanent = move.closing
    if (move.closing) revocation.cause = 'close'
    move.revocations.push(revocation)
    move.vfio.open.add(revocation)
    return revocation
  }
  const again = buffer.revocation
  if (again && !again.restored && !isNewRevocation(buffer, again)) {
    notifyIgnored(context, buffer, again)
    return null
  }
  return revoke(context, buffer, 'invalidate', world.now)
}

/** A second invalidate with nothing new mapped belongs to the revocation before it (CONTRACT §5.7). */
function isNewRevocation(buffer: Buffer, before: Revocation): boolean {
  return [...buffer.mappings].some((mapping) => mapping.revocation !== before)
}

/** The move that this thread's invalidate belongs to. Without a return probe a move lasts until the thread does other things. */
function moveAround({ task }: Context, buffer: Buffer): Move | null {
  const { move } = task
  if (!move || move.returned) return null
  return isVfioExporter(buffer.exporter) || buffer.exporter === null ? move : null
}

function revoke(context: Context, buffer: Buffer, kind: Revocation['kind'], requested: Sighting): Revocation {
  const { world, act } = context
  const live = [...buffer.mappings]
  const revocation: Revocation = {
    id: world.revocations.length,
    dirty: false,
    buffer,
    kind,
    cause: causeOf(world, buffer, kind),
    requested,
    invalidated: world.now,
    notified: null,
    waiting: null,
    fences: null,
    unmapped: null,
    completed: null,
    restored: null,
    permanent: buffer.exporter === 'ib_uverbs',
    pending: new Set(live),
    slowest: null,
    verdict: 'clean',
    unsure: null,
    doubt: null,
    findings: [],
    unsignalled: [],
    returns: world.returning.has(act.fn!),
    flagged: [],
  }
  world.revocations.push(revocation)
  buffer.revocation = revocation
  buffer.restoring = null
  buffer.revocationCount++
  setState(world, buffer, 'revoking')
  touch(world.changed.buffers, buffer)
  touch(world.changed.revocations, revocation)
  for (const mapping of live) {
    mapping.invalidated ??= world.now
    mapping.told ??= revocation
    mapping.revocation = revocation
    mapping.awaitedBy.push(revocation)
    if (!mapping.attachment) continue
    mapping.attachment.invalidations++
    touch(world.changed.attachments, mapping.attachment)
  }
  noteTies(world, buffer, revocation)
  notifyIgnored(context, buffer, revocation)
  complete(world, revocation)
  return revocation
}

/** VFIO tells by the caller of its move what it was for; an exporter that tells its importers during a recovery does so for that. */
function causeOf(world: World, buffer: Buffer, kind: Revocation['kind']): Cause {
  if (buffer.exporter === 'ib_uverbs') return 'destroy'
  return kind === 'invalidate' && isBeingRecovered(world, buffer) ? 'ras' : 'unknown'
}

function notifyIgnored(context: Context, buffer: Buffer, revocation: Revocation): void {
  context.tell('invalidated', { buffer, revocation, live: [...buffer.mappings], at: context.world.now })
}

function onInvalidateReturn(context: Context, buffer: Buffer | null, revocation: Revocation | null): void {
  const { world, act, task } = context
  if (revocation) {
    revocation.notified = world.now
    // What was waited for by now was an importer's own wait, in its callback: that returns show at all is known only now.
    revocation.fences = null
    revocation.completed = null
    if (act.caller !== null) learnCaller(revocation, act.caller)
    touch(world.changed.revocations, revocation)
    complete(world, revocation)
    return
  }
  if (buffer && task.move && !task.move.revoking && task.move.restored.includes(buffer))
    beginRestore(context, buffer, task.move)
}

/** The exporter's own function that called: GPU drivers move, uverbs destroys. */
function learnCaller(revocation: Revocation, caller: string): void {
  if (revocation.cause !== 'unknown') return
  if (/^(?:amdgpu_|xe_|ttm_)/.test(caller)) revocation.cause = 'move'
  else if (/^(?:ib_)?uverbs_/.test(caller)) revocation.cause = 'destroy'
}

/** From the un-revoke's own invalidate on, maps are legal: `revoked` is cleared before the move of all buffers returns. */
function beginRestore(context: Context, buffer: Buffer, move: Move): void {
  const { world } = context
  if (buffer.dead || buffer.released) return
  buffer.restoring = world.now
  buffer.bornRevoked = false
  setState(world, buffer, 'live')
  const revocation = buffer.revocation
  if (revocation && !revocation.restored) {
    move.vfio.open.delete(revocation)
    setRestored(context, buffer, revocation)
  }
}

export function setRestored(context: Context, buffer: Buffer, revocation: Revocation): void {
  const first = revocation.restored === null
  revocation.restored = context.world.now
  touch(context.world.changed.revocations, revocation)
  if (first) context.tell('restored', { buffer, revocation })
}

/** One of its mappings has gone, or its return is now known. */
export function mappingGone({ world }: Context, mapping: Mapping): void {
  const { unmapped, invalidated, attachment, buffer, awaitedBy } = mapping
  for (const revocation of awaitedBy) {
    revocation.pending.delete(mapping)
    if (revocation.restored && attachment?.class === 'private')
      revocation.doubt ??= 'when a private mapping ended is not in the trace'
    const ns = unmapped!.ns - invalidated!.ns
    if (ns >= (revocation.slowest?.ns ?? 0n)) revocation.slowest = { device: attachment?.device ?? null, ns }
    const last = latest(unmapped, buffer?.lately[0]?.unmapped)!
    if (revocation.pending.size === 0 && last.ns >= revocation.invalidated.ns) revocation.unmapped = last
    touch(world.changed.revocations, revocation)
    complete(world, revocation)
  }
}

/** `dma_resv_wait_timeout()` over all fences of the reservation object has returned. */
export function fencesDrained(world: World, revocation: Revocation, at: Sighting): void {
  if (revocation.fences || revocation.restored) return
  revocation.fences = at
  touch(world.changed.revocations, revocation)
  complete(world, revocation)
}

/** VFIO's revoke is complete when its move returns; any other exporter's when fences are drained and nothing is mapped. */
function complete(world: World, revocation: Revocation): void {
  const { buffer } = revocation
  if (
    revocation.kind === 'move' ||
    revocation.completed ||
    (!revocation.notified && revocation.returns) ||
    revocation.pending.size > 0
  )
    return
  if (buffer.state === 'revoking' && buffer.revocation === revocation) {
    const taken = revocation.permanent ? 'dead' : 'revoked'
    const state = isRevokingExporter(buffer.exporter) ? taken : 'live'
    buffer.dead ||= state === 'dead'
    setState(world, buffer, state)
  }
  if (revocation.fences) revocation.completed = latest(revocation.fences, revocation.notified, revocation.unmapped)
}

function latest(...sightings: (Sighting | null | undefined)[]): Sighting | null {
  let last: Sighting | null = null
  for (const each of sightings) if (each && (!last || each.seq > last.seq)) last = each
  return last
}

export function setCause(world: World, revocation: Revocation, cause: Cause): void {
  revocation.cause = cause
  touch(world.changed.revocations, revocation)
}

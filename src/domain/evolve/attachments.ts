import type { Act } from '../act.ts'
import { errnoOf, errnoOfNumber, isAddress } from '../recognise/pointer.ts'
import { asPointer } from '../recognise/probe.ts'
import type { Attachment, Buffer } from '../world/entities.ts'
import { enter, leave, openCall, type Task } from '../world/task.ts'
import { touch, type World } from '../world/world.ts'
import { ensureBuffer } from './buffers.ts'
import type { Context } from './context.ts'
import { learnImporter, reconsiderPinned } from './importer-class.ts'
import { endMapping } from './mappings.ts'

const ATTACH_CALLS: ReadonlySet<string> = new Set(['dma_buf_dynamic_attach', 'dma_buf_attach'])

/**
 * One attach can show as up to four records: the entry, the native event (success only, hashed pointer), a probe on
 * that event (raw pointer), and the return. They become one attachment; each kind of record reports it once.
 */
export function onAttach(context: Context): void {
  const { act } = context
  if (act.point === 'entry') onAttachEntry(context)
  else if (act.point === 'return') onAttachReturn(context)
  else onAttachEvent(context)
}

function onAttachEntry(context: Context): void {
  const { world, act, task } = context
  const buffer = ensureBuffer(context)
  const outer = task.calls.at(-1)
  // dma_buf_attach() is a wrapper of dma_buf_dynamic_attach().
  const attachment =
    outer && ATTACH_CALLS.has(outer.fn) && outer.attachment && outer.buffer === buffer && !outer.attachment.attached
      ? outer.attachment
      : createAttachment(world, buffer)
  attachment.entered ??= world.now
  if (act.device !== null) attachment.device = act.device
  learnImporter(world, attachment, act)
  enter(task, act.fn!, world.now, { buffer, attachment })
  world.about.attachment = attachment
}

function onAttachEvent(context: Context): void {
  const { world, act, task } = context
  const buffer = ensureBuffer(context)
  const source = `${world.record.name}@${act.fn ?? ''}`
  const call = openCall(task, ATTACH_CALLS)
  const attachment = sameAttach(call?.attachment, buffer, source, act.attach)
    ? call!.attachment!
    : sameAttach(task.attached, buffer, source, act.attach)
      ? task.attached!
      : createAttachment(world, buffer)
  attachment.sources.add(source)
  if (act.device !== null) attachment.device = act.device
  if (act.attachHashed !== null) nameByEvent(world, attachment, act.attachHashed)
  if (isAddress(act.attach)) nameByPointer(world, attachment, act.attach)
  learnImporter(world, attachment, act)
  succeed(context, attachment)
}

/** Is this record one more report of that attach? */
function sameAttach(
  attachment: Attachment | null | undefined,
  buffer: Buffer | null,
  source: string,
  pointer: string | null,
): boolean {
  if (!attachment || attachment.buffer !== buffer || attachment.detached || attachment.refusedErrno !== null)
    return false
  if (attachment.sources.has(source)) return false
  return pointer === null || attachment.pointer === null || attachment.pointer === pointer
}

function onAttachReturn(context: Context): void {
  const { world, act, task } = context
  const call = leave(task, act.fn!)
  const buffer = ensureBuffer(context) ?? call?.buffer ?? null
  world.about.buffer = buffer
  const result = act.attach ?? (act.ret === null ? null : asPointer(act.ret))
  const source = `${world.record.name}@return`
  let attachment = call?.attachment ?? null
  // The event just before, of the same thread, says whose return this is where the entry does not.
  const reported = buffer ?? task.attached?.buffer ?? null
  const succeeded = result !== null && errnoOf(result) === null
  if (!attachment && succeeded && sameAttach(task.attached, reported, source, result)) attachment = task.attached
  attachment ??= createAttachment(world, buffer)
  world.about.attachment = attachment
  if (act.device !== null) attachment.device = act.device
  attachment.sources.add(source)
  const errno = result === null ? null : (errnoOf(result) ?? (act.ret === null ? null : errnoOfNumber(act.ret)))
  if (errno !== null) {
    refuse(context, attachment, errno)
    return
  }
  if (isAddress(result)) nameByPointer(world, attachment, result)
  learnImporter(world, attachment, act)
  succeed(context, attachment)
}

function refuse(context: Context, attachment: Attachment, errno: number): void {
  const { world, act } = context
  // dma_buf_attach() passes on what dma_buf_dynamic_attach() returned.
  if (attachment.refusedErrno !== null) return
  attachment.refusedErrno = errno
  learnImporter(world, attachment, act)
  if (attachment.class === 'unknown' && attachment.ops !== null) {
    const waiting = world.refusedByOps.get(attachment.ops) ?? []
    waiting.push(attachment)
    world.refusedByOps.set(attachment.ops, waiting)
  }
  touch(world.changed.attachments, attachment)
  context.tell('refused', { attachment })
}

function succeed(context: Context, attachment: Attachment): void {
  const { world, task } = context
  const { buffer } = attachment
  world.about.attachment = attachment
  if (!attachment.attached) {
    attachment.attached = world.now
    attachment.pid = world.record.pid
    if (buffer) {
      buffer.attachments.add(attachment)
      buffer.attachmentCount++
      touch(world.changed.buffers, buffer)
    }
  }
  if (buffer && attachment.class !== 'private') buffer.mappable = true
  if (attachment.pointer === null) world.unbound.add(attachment)
  task.attached = attachment
  touch(world.changed.attachments, attachment)
  context.tell('attached', { attachment })
}

export function createAttachment(world: World, buffer: Buffer | null): Attachment {
  return {
    id: world.counts.attachments++,
    dirty: false,
    buffer,
    pointer: null,
    hashed: null,
    device: null,
    class: 'unknown',
    basis: 'unknown',
    callback: null,
    ops: null,
    p2p: null,
    deferred: null,
    entered: null,
    attached: null,
    detached: null,
    refusedErrno: null,
    pid: null,
    pins: 0,
    unprovenPins: 0,
    pinned: null,
    mappings: new Set(),
    sources: new Set(),
    detachSources: new Set(),
    invalidations: 0,
    lost: null,
    retired: null,
    flagged: new Set(),
    uncertain: false,
  }
}

/** The native events print a hashed pointer, or with `hash-ptr=0` the raw one: a kernel address begins with 0xff. */
function nameByEvent(world: World, attachment: Attachment, printed: string): void {
  if (/^0xff[0-9a-f]{14}$/.test(printed)) return nameByPointer(world, attachment, printed)
  attachment.hashed = printed
  world.attachmentsByHash.set(printed, attachment)
}

function nameByPointer(world: World, attachment: Attachment, pointer: string): void {
  attachment.pointer = pointer
  world.unbound.delete(attachment)
  world.attachmentsByPointer.set(pointer, attachment)
}

/** The attachment an act names; one that began before the trace is made known. */
export function ensureAttachment(context: Context): Attachment | null {
  const { world, act } = context
  const known = knownAttachment(world, context.act.attach, act.attachHashed)
  if (known && !known.detached && isStill(known, act)) {
    world.about.attachment = known
    world.about.buffer ??= known.buffer
    if (known.device === null && act.device !== null) known.device = act.device
    return known
  }
  if (!isAddress(act.attach)) return null
  const unbound = adopt(context, act.attach)
  if (unbound) return unbound
  if (known && !known.detached) known.uncertain = true
  const attachment = createAttachment(world, ensureBuffer(context))
  attachment.device = act.device
  nameByPointer(world, attachment, act.attach)
  attachment.buffer?.attachments.add(attachment)
  learnImporter(world, attachment, act)
  touch(world.changed.attachments, attachment)
  world.about.attachment = attachment
  return attachment
}

/**
 * A raw pointer that no attach showed belongs to an attachment known by its hashed pointer only. They join by buffer,
 * device and thread; where that leaves several, what rests on telling them apart is not certain.
 */
export function adopt(context: Context, pointer: string): Attachment | null {
  const { world, act } = context
  const known = world.attachmentsByPointer.get(pointer)
  const since = known?.detached?.seq ?? -1
  const fits = [...world.unbound].filter(
    (a) =>
      a.attached !== null &&
      a.attached.seq > since &&
      (act.ino === null || a.buffer?.ino === act.ino) &&
      (act.device === null || a.device === null || a.device === act.device),
  )
  const own = fits.filter((a) => a.pid === world.record.pid)
  const chosen = (own.length > 0 ? own : fits).at(-1)
  if (!chosen) return null
  if (fits.length > 1 && own.length !== 1) for (const each of fits) each.uncertain = true
  nameByPointer(world, chosen, pointer)
  world.about.attachment = chosen
  world.about.buffer = chosen.buffer
  touch(world.changed.attachments, chosen)
  return chosen
}

/** The pointer may have been handed out again: another device or buffer is another attachment. */
export function isStill(attachment: Attachment, { device, ino }: Act): boolean {
  const owner = attachment.buffer?.ino ?? null
  return (
    (device === null || attachment.device === null || device === attachment.device) &&
    (ino === null || owner === null || ino === owner)
  )
}

export function knownAttachment(world: World, pointer: string | null, printed: string | null): Attachment | null {
  if (pointer !== null) return world.attachmentsByPointer.get(pointer) ?? null
  if (printed !== null) return world.attachmentsByHash.get(printed) ?? world.attachmentsByPointer.get(printed) ?? null
  return null
}

/** The native event, which alone tells of the end of what is known by a hashed pointer alone. */
const HASHED_DETACH = 'dma_buf:dma_buf_detach'

/** Where the attachment's detach would show. */
export function detachProbes(attachment: Attachment): readonly (readonly string[])[] {
  return [[attachment.pointer === null ? HASHED_DETACH : 'detach']]
}

/** `dma_buf_detach()`: entry probe (raw pointer), native event (just before the kfree), or both. */
export function onDetach(context: Context): void {
  const { world, act } = context
  if (act.point === 'return') return
  const source = `${world.record.name}@${act.point}`
  if (act.attachHashed !== null) world.functions.add(HASHED_DETACH)
  const buffer = ensureBuffer(context)
  let attachment = knownAttachment(world, act.attach, act.attachHashed)
  if (attachment?.detached && attachment.detachSources.has(source)) attachment = null
  if (!attachment) {
    // Hashed and raw pointers join only by what this thread has just done.
    attachment =
      joinDetach(context.task, buffer, source) ??
      onlyHolder(context, buffer) ??
      (isAddress(act.attach) ? adopt(context, act.attach) : null) ??
      createAttachment(world, buffer)
    if (isAddress(act.attach)) nameByPointer(world, attachment, act.attach)
    if (act.attachHashed !== null) nameByEvent(world, attachment, act.attachHashed)
    attachment.device ??= act.device
    learnImporter(world, attachment, act)
  }
  world.about.attachment = attachment
  world.about.buffer = attachment.buffer
  attachment.detachSources.add(source)
  context.task.attached = attachment
  if (attachment.detached) return
  world.unbound.delete(attachment)
  attachment.detached = world.now
  touch(world.changed.attachments, attachment)
  const stillMapped = [...attachment.mappings]
  for (const mapping of stillMapped) endMapping(context, mapping, 'detach')
  attachment.buffer?.attachments.delete(attachment)
  context.tell('detached', { attachment, stillMapped })
}

/**
 * A hashed pointer that no attach showed: of the attachments known by their raw pointers alone, the oldest of this
 * buffer and device goes. Which of several it was is not certain.
 */
function onlyHolder({ act }: Context, buffer: Buffer | null): Attachment | null {
  if (!buffer || act.attachHashed === null) return null
  const fits = [...buffer.attachments].filter((a) => a.hashed === null && a.device === act.device)
  if (fits.length > 1) for (const each of fits) each.uncertain = true
  return fits[0] ?? null
}

function joinDetach(task: Task, buffer: Buffer | null, source: string): Attachment | null {
  const last = task.attached
  return last?.detached && last.buffer === buffer && !last.detachSources.has(source) && last.hashed === null
    ? last
    : null
}

/** `dma_buf_pin()` counts at its return where it can fail; at its entry where only that is probed. */
export function onPin(context: Context): void {
  const { world, act, task } = context
  if (act.point === 'entry') {
    const attachment = ensureAttachment(context)
    enter(task, act.fn!, world.now, { attachment })
    if (attachment && !world.returning.has(act.fn!)) {
      attachment.unprovenPins++
      pin(world, attachment)
    }
    return
  }
  const call = leave(task, act.fn!)
  const attachment = ensureAttachment(context) ?? call?.attachment
  if (!attachment) return
  const errno = act.ret === null ? null : errnoOfNumber(act.ret)
  const counted = call !== null && !world.returningBefore
  if (counted) attachment.unprovenPins--
  if (errno === null && !counted) pin(world, attachment)
  else if (errno !== null && counted) attachment.pins--
}

function pin(world: World, attachment: Attachment): void {
  attachment.pins++
  attachment.pinned = true
  touch(world.changed.attachments, attachment)
  if (attachment.mappings.size > 0) reconsiderPinned(world, attachment, true)
}

export function onUnpin(context: Context): void {
  const { world, act, task } = context
  if (act.point === 'return') return
  const attachment = ensureAttachment(context)
  if (!attachment) return
  attachment.pins--
  touch(world.changed.attachments, attachment)
  const told = task.invalidated !== null && openCall(task, INVALIDATE_CALLS) !== null
  if (attachment.pins <= 0 && attachment.mappings.size > 0 && !told) reconsiderPinned(world, attachment, false)
}

export const INVALIDATE_CALLS: ReadonlySet<string> = new Set(['dma_buf_invalidate_mappings', 'dma_buf_move_notify'])

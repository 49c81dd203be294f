import { LEGACY_ATTACH } from '../importers.ts'
import { errnoOf, errnoOfNumber, isAddress } from '../recognise/pointer.ts'
import { asPointer } from '../recognise/probe.ts'
import { UNKNOWN } from '../record.ts'
import type { Attachment, Buffer } from '../world/entities.ts'
import { enter, leave, openCall } from '../world/task.ts'
import { touch } from '../world/world.ts'
import { createAttachment, nameByEvent, nameByPointer } from './attachment-identity.ts'
import { ensureBuffer } from './buffers.ts'
import type { Context } from './context.ts'
import { learnImporter } from './importer-class.ts'
import { noteTie } from './revocation-ties.ts'

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
  // dma_buf_attach() is a wrapper of dma_buf_dynamic_attach().
  const outer = task.calls.at(-1)
  const wrapped = outer && ATTACH_CALLS.has(outer.fn) ? outer.attachment : null
  const isOpen = wrapped?.buffer === buffer && !wrapped.attached && wrapped.refusedErrno === null
  const attachment = isOpen ? wrapped : createAttachment(world, buffer)
  attachment.entered ??= world.now
  if (act.device !== null) attachment.device = act.device
  learnImporter(world, attachment, act)
  enter(task, act.fn!, world.now, { buffer, attachment })
  world.about.attachment = attachment
}

function onAttachEvent(context: Context): void {
  const { world, act, task } = context
  const buffer = ensureBuffer(context)
  const source = `${world.record.name}@${act.fn}`
  const call = openCall(task, ATTACH_CALLS)
  const known = [call?.attachment, task.attached].find(
    (each) => sameAttach(context, each, buffer, source, act.attach) && !hasReturned(each!),
  )
  const attachment = known ?? createAttachment(world, buffer)
  attachment.sources.push(source)
  if (act.device !== null) attachment.device = act.device
  if (act.attachHashed !== null) nameByEvent(world, attachment, act.attachHashed)
  if (isAddress(act.attach)) nameByPointer(world, attachment, act.attach)
  learnImporter(world, attachment, act)
  succeed(context, attachment)
}

/** Is this record one more report of that attach? */
function sameAttach(
  { act }: Context,
  attachment: Attachment | null | undefined,
  buffer: Buffer | null,
  source: string,
  pointer: string | null,
): boolean {
  if (!attachment || attachment.buffer !== buffer || attachment.detached || attachment.refusedErrno !== null)
    return false
  if (attachment.sources.includes(source)) return false
  if (act.device !== null && attachment.device !== null && act.device !== attachment.device) return false
  return pointer === null || attachment.pointer === null || attachment.pointer === pointer
}

/** The return is the last that is heard of an attach: an event after it is of another one. */
function hasReturned({ sources }: Attachment): boolean {
  return sources.some((source) => source.endsWith(RETURN))
}

const RETURN = '@return'

function onAttachReturn(context: Context): void {
  const { world, act, task } = context
  const call = leave(task, act.fn!)
  renameBuffer(context)
  const buffer = ensureBuffer(context) ?? call?.buffer ?? null
  world.about.buffer = buffer
  const shown = act.attach ?? act.ret
  const result = shown === null ? null : asPointer(shown)
  const source = `${world.record.name}${RETURN}`
  let attachment = call?.attachment ?? null
  // The event just before, of the same thread, says whose return this is where the entry does not.
  const reported = buffer ?? task.attached?.buffer ?? null
  const succeeded = result !== null && errnoOf(result) === null
  if (!attachment && succeeded && sameAttach(context, task.attached, reported, source, result))
    attachment = task.attached
  attachment ??= createAttachment(world, buffer)
  world.about.attachment = attachment
  if (act.device !== null) attachment.device = act.device
  if (act.caller !== null && act.caller !== LEGACY_ATTACH) {
    attachment.caller = act.caller
    attachment.callerModule = act.callerModule
  }
  attachment.sources.push(source)
  const errno = result === null ? null : (errnoOf(result) ?? (act.ret === null ? null : errnoOfNumber(act.ret)))
  if (errno !== null) {
    refuse(context, attachment, errno)
    return
  }
  if (isAddress(result)) nameByPointer(world, attachment, result)
  learnImporter(world, attachment, act)
  succeed(context, attachment)
}

/**
 * The event just before, of the same thread, named the buffer by its inode number; the return names it by an address,
 * which may have been another buffer's whose release was lost.
 */
function renameBuffer({ world, act, task }: Context): void {
  const attachment = task.attached
  const buffer = attachment?.buffer
  if (!attachment || !buffer || buffer.dmabuf !== null || act.ino !== null || !isAddress(act.dmabuf)) return
  if (attachment.detached || hasReturned(attachment) || !attachment.attached) return
  if (act.device !== null && attachment.device !== null && act.device !== attachment.device) return
  buffer.dmabuf = act.dmabuf
  world.buffersByPointer.set(act.dmabuf, buffer)
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
    attachment.comm = world.record.comm
    attachment.tgid = world.record.tgid === UNKNOWN ? null : world.record.tgid
    if (buffer) {
      noteTie(world, buffer, 'an attach', attachment.entered ?? world.now)
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

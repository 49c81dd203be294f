import { errnoOfNumber } from '../recognise/pointer.ts'
import type { Attachment } from '../world/entities.ts'
import { enter, leave, openCall } from '../world/task.ts'
import { touch, type World } from '../world/world.ts'
import { ensureAttachment } from './attachment-identity.ts'
import type { Context } from './context.ts'
import { reconsiderPinned } from './importer-class.ts'
import { INVALIDATE_CALLS } from './invalidate-calls.ts'

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
  if (errno === null && act.ret !== null) context.tell('pinned', { attachment })
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
  if (attachment.pins < 0) attachment.overdrawn ??= world.now
  touch(world.changed.attachments, attachment)
  const told = openCall(task, INVALIDATE_CALLS) !== null
  if (attachment.pins <= 0 && attachment.mappings.size > 0 && !told) reconsiderPinned(world, attachment, false)
}

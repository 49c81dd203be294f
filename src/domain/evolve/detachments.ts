import { isAddress } from '../recognise/pointer.ts'
import type { Attachment, Buffer } from '../world/entities.ts'
import type { Task } from '../world/task.ts'
import { touch } from '../world/world.ts'
import {
  adopt,
  adoptListed,
  createAttachment,
  knownAttachment,
  nameByEvent,
  nameByPointer,
} from './attachment-identity.ts'
import { ensureBuffer } from './buffers.ts'
import type { Context } from './context.ts'
import { learnImporter } from './importer-class.ts'
import { endMapping } from './mappings.ts'
import { settleUnmap } from './unfinished-unmaps.ts'

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
  if (attachment?.detached && attachment.detachSources.includes(source)) attachment = null
  if (!attachment) {
    // Hashed and raw pointers join only by what this thread has just done.
    attachment =
      joinDetach(context.task, buffer, source) ??
      onlyHolder(context, buffer) ??
      (isAddress(act.attach) ? (adopt(context, act.attach) ?? adoptListed(context, act.attach)) : null) ??
      createAttachment(world, buffer)
    if (isAddress(act.attach)) nameByPointer(world, attachment, act.attach)
    if (act.attachHashed !== null) nameByEvent(world, attachment, act.attachHashed)
    attachment.device ??= act.device
    learnImporter(world, attachment, act)
  }
  world.about.attachment = attachment
  world.about.buffer = attachment.buffer
  attachment.detachSources.push(source)
  context.task.attached = attachment
  if (attachment.detached) return
  world.unbound.delete(attachment)
  attachment.detached = world.now
  touch(world.changed.attachments, attachment)
  for (const mapping of attachment.mappings) settleUnmap(context, mapping)
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
  return last?.detached && last.buffer === buffer && !last.detachSources.includes(source) && last.hashed === null
    ? last
    : null
}

import type { Attachment, Mapping } from '../world/entities.ts'
import { enter, leave } from '../world/task.ts'
import { touch } from '../world/world.ts'
import { ensureAttachment, knownAttachment } from './attachment-identity.ts'
import type { Context } from './context.ts'
import { createMapping, detachedByPointer, directionName, endMapping, mappingBySgt } from './mappings.ts'
import { mappingGone } from './revocations.ts'
import { finished, goOn, leaveUnfinished, settleUnmap } from './unfinished-unmaps.ts'

/** `dma_buf_unmap_attachment()`: live until it returns, where its return is probed. */
export function onUnmap(context: Context): void {
  const { world, act, task } = context
  if (act.point === 'return') {
    const call = leave(task, act.fn!)
    const mapping = call ? call.mapping : unmapByReturn(context)
    world.about.attachment = mapping?.attachment ?? null
    world.about.buffer = mapping?.buffer ?? null
    if (mapping) finishUnmap(context, mapping)
    return
  }
  const gone = detachedByPointer(context)
  const attachment = gone ?? ensureAttachment(context)
  world.about.attachment = attachment
  world.about.buffer = attachment?.buffer ?? world.about.buffer
  // dma_buf_unmap_attachment_unlocked() wraps dma_buf_unmap_attachment(), which calls the exporter's unmap.
  const call = task.calls.at(-1)
  const outer = call?.mapping
  if (
    outer &&
    isWithin(act.fn!, call.fn) &&
    outer.attachment === attachment &&
    (act.sgt === null || outer.sgt === act.sgt)
  ) {
    enter(task, act.fn!, world.now, { mapping: outer })
    return
  }
  goOn(context, task)
  const mapping = attachment ? findMapping(context, attachment, act.sgt) : null
  const entered = enter(task, act.fn!, world.now, { attachment, mapping })
  if (!mapping) return
  if (mapping.reuses > 0) {
    mapping.reuses--
    entered.mapping = null
    return
  }
  mapping.unmapEntered = world.now
  mapping.unmappedComm = world.record.comm
  mapping.unmappedPid = world.record.pid
  if (world.returning.has(act.fn!)) return
  if (world.returnless.has(act.fn!)) endMapping(context, mapping, 'unmap')
  else leaveUnfinished(task, mapping, act.fn!)
}

/** Outermost first. Where returns are not probed, the call before may be over: only its inner ones are the same unmap. */
const UNMAP_CALLS = ['dma_buf_unmap_attachment_unlocked', 'dma_buf_unmap_attachment', 'vfio_pci_dma_buf_unmap']

function isWithin(fn: string, outer: string): boolean {
  return UNMAP_CALLS.indexOf(fn) > UNMAP_CALLS.indexOf(outer)
}

/** A return whose entry was not seen names a mapping that may still count as live. */
function unmapByReturn({ world, act }: Context): Mapping | null {
  const attachment = knownAttachment(world, act.attach, null)
  if (!attachment || attachment.detached) return null
  return act.sgt === null ? onlyOf(attachment) : mappingBySgt(attachment, act.sgt)
}

function onlyOf(attachment: Attachment): Mapping | null {
  return attachment.mappings.size === 1 ? [...attachment.mappings][0]! : null
}

function findMapping(context: Context, attachment: Attachment, sgt: string | null): Mapping | null {
  if (attachment.detached) context.tell('used-detached', { attachment, call: 'unmap' })
  const known = sgt === null ? onlyOf(attachment) : mappingBySgt(attachment, sgt)
  if (known) settleUnmap(context, known)
  const live = known?.unmapped ? null : known
  if (live || attachment.detached) return live
  const retired = sgt === null ? undefined : attachment.retired?.sgt === sgt ? attachment.retired : undefined
  // Where maps do not show, an `sg_table` that comes again is as likely another one at the same address.
  if (retired?.mapped) {
    context.tell('unmapped-again', { mapping: retired })
    return null
  }
  // Mapped before the trace, or in a gap.
  return createMapping(context, attachment, {
    sgt,
    direction: directionName(context.act.direction),
    source: context.world.record.name,
    unseen: true,
  })
}

function finishUnmap(context: Context, mapping: Mapping): void {
  const { world } = context
  finished(mapping)
  if (!mapping.unmapped) {
    endMapping(context, mapping, 'unmap')
    return
  }
  // Its end was taken from the entry; now the return is known.
  if (mapping.endedBy !== 'detach') {
    mapping.unmapped = world.now
    mappingGone(context, mapping)
    touch(world.changed.mappings, mapping)
  }
}

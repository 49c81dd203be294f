import { isAddress } from '../recognise/pointer.ts'
import { asPointer } from '../recognise/probe.ts'
import type { Mapping } from '../world/entities.ts'
import { enter, leave, openCall } from '../world/task.ts'
import { gapBetween } from '../world/window.ts'
import type { World } from '../world/world.ts'
import { ensureAttachment } from './attachment-identity.ts'
import type { Context } from './context.ts'
import { complete, createMapping, detachedByPointer, directionName, mappingBySgt } from './mappings.ts'
import { settleUnmap } from './unfinished-unmaps.ts'

const MAP_CALLS: ReadonlySet<string> = new Set(['dma_buf_map_attachment', 'dma_buf_map_attachment_unlocked'])

/** `dma_buf_map_attachment()`: its return says whether there is a mapping, and where. */
export function onMap(context: Context): void {
  const { world, act, task } = context
  if (act.point === 'entry') {
    task.translated = null
    const attachment = detachedByPointer(context) ?? ensureAttachment(context)
    enter(task, act.fn!, world.now, { attachment, direction: act.direction })
    return
  }
  const call = leave(task, act.fn!)
  const attachment =
    detachedByPointer(context) ??
    ensureAttachment(context) ??
    call?.attachment ??
    openCall(task, MAP_CALLS)?.attachment ??
    null
  world.about.attachment = attachment
  world.about.buffer = attachment?.buffer ?? world.about.buffer
  const sgt = act.sgt ?? (act.ret === null ? null : asPointer(act.ret))
  // With an ERR_PTR the other fields are what a failed dereference left.
  if (sgt !== null && !isAddress(sgt)) return
  if (attachment?.detached) context.tell('used-detached', { attachment, call: 'map' })
  const direction = directionName(act.direction ?? call?.direction ?? openCall(task, MAP_CALLS)?.direction ?? null)
  const holder = attachment && sgt !== null ? mappingBySgt(attachment, sgt) : null
  if (holder) settleUnmap(context, holder)
  const known = holder?.unmapped ? null : holder
  const source = world.record.name
  if (known && !known.sources.includes(source) && !known.unmapEntered)
    return complete(context, known, source, direction)
  if (known && isCached(world, known)) {
    known.reuses++
    return
  }
  if (known) lose(world, known)
  createMapping(context, attachment, { sgt, direction, source, entered: call?.entered ?? null })
}

/**
 * The same `sg_table` again while it is mapped: up to 6.13 exporters with `cache_sgt_mapping` hand theirs out as often
 * as they are asked. Where unmaps cannot be seen, it is another one at the same address.
 */
function isCached(world: World, mapping: Mapping): boolean {
  return world.seen.has('unmap') && !gapBetween(world.window, mapping.mapped?.ns ?? null, world.now.ns)
}

/** A mapping whose `sg_table` was handed out again: its unmap was not seen. */
function lose(world: World, mapping: Mapping): void {
  mapping.attachment?.mappings.delete(mapping)
  mapping.buffer?.mappings.delete(mapping)
  for (const { pending } of mapping.awaitedBy) pending.delete(mapping)
  mapping.unmapEntered ??= world.now
}

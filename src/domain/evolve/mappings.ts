import type { MappingEnd } from '../read-model.ts'
import { errnoOf, isAddress, u64 } from '../recognise/pointer.ts'
import { asPointer } from '../recognise/probe.ts'
import type { Attachment, Mapping, Sighting } from '../world/entities.ts'
import { type Call, enter, leave, openCall } from '../world/task.ts'
import { gapBetween } from '../world/window.ts'
import { touch, type World } from '../world/world.ts'
import { adopt, ensureAttachment, isStill, knownAttachment } from './attachment-identity.ts'
import type { Context } from './context.ts'
import { observe, reconsiderPinned } from './importer-class.ts'
import { INVALIDATE_CALLS } from './invalidate-calls.ts'
import { mappedDuringReset } from './reset-scope.ts'
import { mappingGone } from './revocations.ts'
import { translationKey } from './unmap-evidence.ts'

/** enum dma_data_direction. */
const DIRECTIONS = ['BIDIRECTIONAL', 'TO_DEVICE', 'FROM_DEVICE', 'NONE']

export function directionName(value: string | null): string | null {
  if (value === null) return null
  return /^[0-3]$/.test(value) ? DIRECTIONS[Number(value)]! : value
}

const MAP_CALLS: ReadonlySet<string> = new Set(['dma_buf_map_attachment', 'dma_buf_map_attachment_unlocked'])

/** `dma_buf_map_attachment()`: its return says whether there is a mapping, and where. */
export function onMap(context: Context): void {
  const { world, act, task } = context
  if (act.point === 'entry') {
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
  if (sgt !== null && !isAddress(sgt)) {
    // With an ERR_PTR the other fields are what a failed dereference left.
    world.about.device = errnoOf(sgt) === null ? null : world.about.device
    return
  }
  if (attachment?.detached) context.tell('used-detached', { attachment, call: 'map' })
  const direction = directionName(act.direction ?? call?.direction ?? openCall(task, MAP_CALLS)?.direction ?? null)
  const known = attachment && sgt !== null ? mappingBySgt(attachment, sgt) : null
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

function mappingBySgt(attachment: Attachment, sgt: string): Mapping | null {
  for (const mapping of attachment.mappings) if (mapping.sgt === sgt) return mapping
  return null
}

export function createMapping(
  context: Context,
  attachment: Attachment | null,
  fields: { sgt: string | null; direction: string | null; source: string; entered?: Sighting | null; unseen?: boolean },
): Mapping {
  const { world } = context
  const buffer = attachment?.buffer ?? world.about.buffer
  const mapping: Mapping = {
    id: world.counts.mappings++,
    dirty: false,
    buffer,
    attachment,
    sgt: fields.sgt,
    iova: null,
    length: null,
    span: null,
    direction: fields.direction,
    entered: fields.entered ?? null,
    mapped: world.now,
    unmapEntered: null,
    unmapped: null,
    unmappedComm: null,
    unmappedPid: null,
    endedBy: null,
    invalidated: null,
    revocation: null,
    liveAtReset: false,
    sources: [],
    via: new Set(),
    translated: null,
    reuses: 0,
    flagged: [],
  }
  complete(context, mapping, fields.source, fields.direction)
  if (fields.unseen) mapping.mapped = null
  attachment?.mappings.add(mapping)
  if (attachment && !fields.unseen) attachment.lost = null
  if (buffer) {
    buffer.mappings.add(mapping)
    buffer.mappingCount++
    touch(world.changed.buffers, buffer)
  }
  if (attachment && attachment.pins > 0) reconsiderPinned(world, attachment, true)
  touch(world.changed.mappings, mapping)
  if (fields.unseen) return mapping
  if (buffer) mappedDuringReset(context, buffer)
  context.tell('mapped', { mapping })
  return mapping
}

/** Takes over what one more report of the same map shows. */
function complete({ world, act }: Context, mapping: Mapping, source: string, direction: string | null): void {
  const { iova, length, nents } = act
  if (act.fn !== null) mapping.via.add(act.fn)
  mapping.sources.push(source)
  mapping.mapped = world.now
  mapping.direction ??= direction
  const address = u64(iova)
  const bytes = u64(length)
  if (bytes !== null) mapping.length ??= bytes
  if (address !== null && mapping.iova === null) {
    mapping.iova = address
    mapping.translated = world.translations.get(translationKey(address)) ?? null
    const whole = u64(mapping.buffer?.size ?? null)
    const several = nents !== null && nents !== '1'
    mapping.span = mapping.length !== null && !several ? mapping.length : (whole ?? mapping.length)
    const device = mapping.attachment?.device
    if (device) world.mappings.add(device, mapping)
  }
  touch(world.changed.mappings, mapping)
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
  mapping.revocation?.pending.delete(mapping)
  mapping.unmapEntered ??= world.now
}

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
  const mapping = attachment ? findMapping(context, attachment, act.sgt) : null
  enter(task, act.fn!, world.now, { attachment, mapping })
  if (!mapping) return
  if (mapping.reuses > 0) {
    mapping.reuses--
    if (task.calls.length > 0) task.calls.at(-1)!.mapping = null
    return
  }
  mapping.unmapEntered = world.now
  mapping.unmappedComm = world.record.comm
  mapping.unmappedPid = world.record.pid
  if (!world.returning.has(act.fn!)) endMapping(context, mapping, 'unmap')
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

/** An attachment that was detached, named once more without a new attach. */
function detachedByPointer(context: Context): Attachment | null {
  const { world, act } = context
  const known = knownAttachment(world, act.attach, null)
  // Where its attach was not seen, or could have been lost, the pointer is another attachment's by now.
  if (!known?.detached || !known.attached || !isStill(known, act)) return null
  if (gapBetween(world.window, known.detached.ns, world.now.ns)) return null
  // The same address may by now be another attachment's, of which only the hashed pointer is known.
  return adopt(context, act.attach!) ? null : known
}

function findMapping(context: Context, attachment: Attachment, sgt: string | null): Mapping | null {
  if (attachment.detached) context.tell('used-detached', { attachment, call: 'unmap' })
  const live = sgt === null ? onlyOf(attachment) : mappingBySgt(attachment, sgt)
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
  if (!mapping.unmapped) {
    endMapping(context, mapping, 'unmap')
    return
  }
  // Its end was taken from the entry; now the return is known.
  if (mapping.unmapped.seq >= (mapping.unmapEntered?.seq ?? 0) && mapping.endedBy !== 'detach') {
    mapping.unmapped = world.now
    mappingGone(context, mapping)
    touch(world.changed.mappings, mapping)
  }
}

export function endMapping(context: Context, mapping: Mapping, how: MappingEnd): void {
  const { world, task } = context
  const { attachment, buffer } = mapping
  const callback = openCall(task, INVALIDATE_CALLS)
  const told = mapping.invalidated !== null
  mapping.unmapped = world.now
  mapping.unmappedComm ??= world.record.comm
  mapping.unmappedPid ??= world.record.pid
  mapping.endedBy = how === 'unmap' && (told || callback !== null) ? 'revoke' : how
  attachment?.mappings.delete(mapping)
  buffer?.mappings.delete(mapping)
  if (attachment) {
    attachment.retired = mapping
    if (told && mapping.revocation?.kind === 'move') attachment.lost = world.now
    if (told && attachment.callback !== null) observe(world, attachment, cameLater(world, mapping, callback))
    if (!told && attachment.pins > 0) reconsiderPinned(world, attachment, true)
  }
  touch(world.changed.mappings, mapping)
  mappingGone(context, mapping)
  context.tell('unmapped', { mapping })
}

/** Not inside the exporter's call? Where its return is not probed, a long while in the same thread leaves that open. */
function cameLater(world: World, mapping: Mapping, callback: Call | null): boolean | null {
  if (!callback) return true
  const took = world.now.ns - mapping.invalidated!.ns
  return world.returning.has(callback.fn) || took < world.thresholds.lateUnmapWarning ? false : null
}

export function isLive(mapping: Mapping): boolean {
  return mapping.unmapped === null
}

/** How long the importer took from the invalidate to the unmap. */
export function unmapLatency(mapping: Mapping): bigint | null {
  const from: Sighting | null = mapping.invalidated
  return from && mapping.unmapped ? mapping.unmapped.ns - from.ns : null
}

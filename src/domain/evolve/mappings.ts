import type { MappingEnd } from '../read-model.ts'
import { u64 } from '../recognise/pointer.ts'
import type { Attachment, Buffer, Mapping, Sighting } from '../world/entities.ts'
import { indexMapping } from '../world/mapping-index.ts'
import { type Call, openCall, type Task } from '../world/task.ts'
import { gapBetween } from '../world/window.ts'
import { touch, type World } from '../world/world.ts'
import { unshareAddress } from './address-spaces.ts'
import { adopt, isStill, knownAttachment } from './attachment-identity.ts'
import type { Context } from './context.ts'
import { observe, reconsiderPinned } from './importer-class.ts'
import { INVALIDATE_CALLS } from './invalidate-calls.ts'
import { mappedDuringReset } from './reset-scope.ts'
import { noteTie } from './revocation-ties.ts'
import { mappingGone } from './revocations.ts'
import { translationKey } from './unmap-evidence.ts'

/** enum dma_data_direction. */
const DIRECTIONS = ['BIDIRECTIONAL', 'TO_DEVICE', 'FROM_DEVICE', 'NONE']

export function directionName(value: string | null): string | null {
  if (value === null) return null
  return /^[0-3]$/.test(value) ? DIRECTIONS[Number(value)]! : value
}

export function mappingBySgt(attachment: Attachment, sgt: string): Mapping | null {
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
    leaving: null,
    unmapped: null,
    unmappedComm: null,
    unmappedPid: null,
    endedBy: null,
    invalidated: null,
    told: null,
    revocation: null,
    awaitedBy: [],
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
  if (buffer) {
    buffer.mapped = world.now
    noteTie(world, buffer, 'a map', world.now)
    mappedDuringReset(context, buffer)
  }
  context.tell('mapped', { mapping })
  return mapping
}

/** Takes over what one more report of the same map shows. */
export function complete(
  { world, act, task }: Context,
  mapping: Mapping,
  source: string,
  direction: string | null,
): void {
  const { iova, length, nents } = act
  if (act.fn !== null) mapping.via.add(act.fn)
  mapping.sources.push(source)
  mapping.mapped = world.now
  mapping.direction ??= direction
  const address = u64(iova)
  mapping.length ??= u64(length)
  if (address !== null && mapping.iova === null) {
    mapping.iova = address
    mapping.translated = world.translations.get(translationKey(address)) ?? null
    if (mapping.translated !== null && act.fn !== null) unshareAddress(world, address)
    const whole = u64(mapping.buffer?.size ?? null)
    const several = nents !== null && nents !== '1'
    mapping.span =
      mapping.length !== null && !several ? mapping.length : (translatedFrom(task, address) ?? whole ?? mapping.length)
    const device = mapping.attachment?.device
    if (device) indexMapping(world.mappings, device, mapping)
  }
  touch(world.changed.mappings, mapping)
}

/** The probe shows the first segment; `iommu:map` of the same thread shows them all, one after the other (KERNEL.md §6, R1). */
function translatedFrom({ translated }: Task, address: bigint): bigint | null {
  return translated && translated.from === translationKey(address) ? BigInt(translated.to - translated.from) : null
}

/** An attachment that was detached, named once more without a new attach. */
export function detachedByPointer(context: Context): Attachment | null {
  const { world, act } = context
  const known = knownAttachment(world, act.attach, null)
  // Where its attach was not seen, or could have been lost, the pointer is another attachment's by now.
  if (!known?.detached || !known.attached || !isStill(known, act)) return null
  if (gapBetween(world.window, known.detached.ns, world.now.ns)) return null
  // The same address may by now be another attachment's, of which only the hashed pointer is known.
  return adopt(context, act.attach!) ? null : known
}

/** `at` and `task` are those of the unmap, where it is not the current record that ends it. */
export function endMapping(
  context: Context,
  mapping: Mapping,
  how: MappingEnd,
  { at, task }: { at: Sighting; task: Task } = { at: context.world.now, task: context.task },
): void {
  const { world } = context
  const { attachment, buffer } = mapping
  world.sharers.delete(mapping)
  const callback = openCall(task, INVALIDATE_CALLS)
  const told = wasTold(mapping, at)
  mapping.unmapped = at
  mapping.unmappedComm ??= world.record.comm
  mapping.unmappedPid ??= world.record.pid
  mapping.endedBy = how === 'unmap' && (told || callback !== null) ? 'revoke' : how
  attachment?.mappings.delete(mapping)
  buffer?.mappings.delete(mapping)
  if (buffer) keepLately(buffer, mapping)
  if (attachment) {
    attachment.retired = mapping
    if (told && mapping.revocation?.kind === 'move') attachment.lost = at
    if (told && attachment.callback !== null) observe(world, attachment, cameLater(world, mapping, callback))
    if (!told && attachment.pins > 0) reconsiderPinned(world, attachment, true)
  }
  touch(world.changed.mappings, mapping)
  mappingGone(context, mapping)
  context.tell('unmapped', { mapping })
}

/** An end that counts from the entry of its unmap may have begun before its importer was told. */
function wasTold({ invalidated }: Mapping, by: Sighting): boolean {
  return invalidated !== null && invalidated.seq <= by.seq
}

function keepLately({ lately }: Buffer, mapping: Mapping): void {
  const latest = lately[0]?.unmapped?.ns ?? -1n
  if (mapping.unmapped!.ns > latest) lately.length = 0
  if (mapping.unmapped!.ns >= latest) lately.push(mapping)
}

/** Not inside the exporter's call? Where its return is not probed, a long while in the same thread leaves that open. */
function cameLater(world: World, mapping: Mapping, callback: Call | null): boolean | null {
  if (!callback) return true
  const took = mapping.unmapped!.ns - mapping.invalidated!.ns
  return world.returning.has(callback.fn) || took < world.thresholds.lateUnmapWarning ? false : null
}

/**
 * From when on its importer should have let go: the latest of "told", "all are told" and "fences drained" that came by
 * then. Null where it had not been told.
 */
export function letGoSince(mapping: Mapping, until: Sighting): Sighting | null {
  const { invalidated, told } = mapping
  let since = wasTold(mapping, until) ? invalidated : null
  for (const step of [told?.notified, told?.fences])
    if (step && since && step.ns > since.ns && step.seq <= until.seq) since = step
  return since
}

/** The exporter was still waiting for fences by then: the importer's time had not begun. */
export function isWaitedFor({ told }: Mapping, until: Sighting): boolean {
  return !!told?.waiting && told.waiting.seq <= until.seq && (!told.fences || told.fences.seq > until.seq)
}

/** How long the importer took to let go. */
export function unmapLatency(mapping: Mapping): bigint | null {
  const since = mapping.unmapped && letGoSince(mapping, mapping.unmapped)
  return since ? mapping.unmapped!.ns - since.ns : null
}

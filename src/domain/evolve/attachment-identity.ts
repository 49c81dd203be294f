import type { Act } from '../act.ts'
import { isAddress } from '../recognise/pointer.ts'
import type { Attachment, Buffer } from '../world/entities.ts'
import { touch, type World } from '../world/world.ts'
import { ensureBuffer, findBuffer, foundAgain } from './buffers.ts'
import type { Context } from './context.ts'
import { learnImporter } from './importer-class.ts'

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
    dynamic: false,
    caller: null,
    callerModule: null,
    p2p: null,
    deferred: null,
    entered: null,
    attached: null,
    detached: null,
    refusedErrno: null,
    pid: null,
    comm: null,
    tgid: null,
    pins: 0,
    unprovenPins: 0,
    pinned: null,
    overdrawn: null,
    mappings: new Set(),
    sources: [],
    detachSources: [],
    invalidations: 0,
    lost: null,
    listed: null,
    missed: null,
    retired: null,
    flagged: [],
    uncertain: false,
  }
}

/** The native events print a hashed pointer, or with `hash-ptr=0` the raw one: a kernel address begins with 0xff. */
export function nameByEvent(world: World, attachment: Attachment, printed: string): void {
  if (/^0xff[0-9a-f]{14}$/.test(printed)) return nameByPointer(world, attachment, printed)
  attachment.hashed = printed
  world.attachmentsByHash.set(printed, attachment)
}

export function nameByPointer(world: World, attachment: Attachment, pointer: string): void {
  attachment.pointer = pointer
  world.unbound.delete(attachment)
  world.attachmentsByPointer.set(pointer, attachment)
}

/** An event names the importer of an attachment that was known without it, and so that of its mappings. */
function nameImporter(world: World, attachment: Attachment, device: string): void {
  attachment.device = device
  touch(world.changed.attachments, attachment)
  for (const mapping of attachment.mappings) touch(world.changed.mappings, mapping)
}

/** The attachment an act names; one that began before the trace is made known. */
export function ensureAttachment(context: Context): Attachment | null {
  const { world, act } = context
  const known = knownAttachment(world, context.act.attach, act.attachHashed)
  if (known && !known.detached && isStill(known, act)) {
    world.about.attachment = known
    world.about.buffer ??= known.buffer
    if (known.buffer?.missed) foundAgain(world, known.buffer)
    if (known.device === null && act.device !== null) nameImporter(world, known, act.device)
    return known
  }
  if (!isAddress(act.attach)) return null
  const unbound = adopt(context, act.attach) ?? adoptListed(context, act.attach)
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

/** Of those on a buffer's list: nothing but snapshots has shown it. */
export function isListedOnly({ attached, pointer }: Attachment): boolean {
  return attached === null && pointer === null
}

/**
 * A raw pointer that no attach showed may be of an attachment that only a snapshot shows. It has the same device; where
 * several have, nothing yet tells them apart.
 */
export function adoptListed(context: Context, pointer: string): Attachment | null {
  const { world, act } = context
  const buffer = findBuffer(world, act)
  const fits = [...(buffer?.attachments ?? [])].filter(
    (a) => isListedOnly(a) && (act.device === null || a.device === act.device),
  )
  const chosen = fits[0]
  if (!chosen || (act.device === null && fits.length > 1)) return null
  nameByPointer(world, chosen, pointer)
  learnImporter(world, chosen, act)
  world.about.attachment = chosen
  ensureBuffer(context)
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

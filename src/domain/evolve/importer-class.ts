import type { Act } from '../act.ts'
import { importerByAttacher, importerByCallback, LEGACY_ATTACH } from '../importers.ts'
import { isNull } from '../recognise/pointer.ts'
import type { Attachment } from '../world/entities.ts'
import { touch, type World } from '../world/world.ts'

/** A callback is a symbol, NULL, or a kernel address without symbol; anything else is what a failed dereference left. */
function believable(callback: string): boolean {
  return /^[A-Za-z_][\w.]*$/.test(callback) || isNull(callback) || /^0xf{4,}[0-9a-f]{8,}$/.test(callback)
}

/**
 * Learns the importer's class from what a probe shows of its ops. With `ops` NULL the other fields are garbage: the
 * probe dereferenced nothing (KERNEL.md §4.3).
 */
export function learnImporter(world: World, attachment: Attachment, act: Act): void {
  if (act.ops !== null && isNull(act.ops)) return declare(world, attachment, 'legacy', null)
  if (act.ops !== null) attachment.ops = act.ops
  attachment.dynamic ||= act.ops !== null || act.dynamic === '1'
  if (act.ops !== null && (act.p2p === '0' || act.p2p === '1')) attachment.p2p = act.p2p === '1'
  if (act.inv !== null && attachment.ops !== null && believable(act.inv)) {
    if (isNull(act.inv)) return declare(world, attachment, 'pinned', null)
    const known = importerByCallback(act.inv)
    return declare(world, attachment, known ? known.class : 'dynamic', act.inv)
  }
  if (act.dynamic === '0' || attachesWithoutOps(act)) return declare(world, attachment, 'legacy', null)
  if (attachment.basis === 'declared' || attachment.basis === 'observed') return
  const sibling = attachment.ops === null ? undefined : world.importersByOps.get(attachment.ops)
  if (sibling) {
    attachment.class = sibling.class
    attachment.callback = sibling.callback
    attachment.basis = 'declared'
    touch(world.changed.attachments, attachment)
    return
  }
  const { device, caller, callerModule } = attachment
  const listed = importerByAttacher({ device, caller, module: callerModule }, world.kernel)
  // An importer without ops is no guess where ops were seen.
  if (!listed || (listed.class === 'legacy' && attachment.dynamic)) return
  attachment.class = listed.class
  attachment.callback = listed.callback
  attachment.basis = 'inferred'
  touch(world.changed.attachments, attachment)
}

/** `dma_buf_attach()` hands NULL on as ops, whoever calls it. */
function attachesWithoutOps(act: Act): boolean {
  return act.type === 'attach' && (act.fn === LEGACY_ATTACH || act.caller === LEGACY_ATTACH)
}

function declare(
  world: World,
  attachment: Attachment,
  importerClass: Attachment['class'],
  callback: string | null,
): void {
  attachment.basis = 'declared'
  attachment.class = importerClass
  attachment.callback = callback
  touch(world.changed.attachments, attachment)
  if (attachment.ops === null || world.importersByOps.has(attachment.ops)) return
  world.importersByOps.set(attachment.ops, attachment)
  // Refusals seen before any success with the same ops.
  for (const refused of world.refusedByOps.get(attachment.ops) ?? []) {
    if (refused.class !== 'unknown') continue
    refused.class = attachment.class
    refused.callback = attachment.callback
    refused.basis = 'declared'
    touch(world.changed.attachments, refused)
  }
  world.refusedByOps.delete(attachment.ops)
}

/** It was seen to act when told: within the callback, later, or (null) it cannot be said which. */
export function observe(world: World, attachment: Attachment, deferred: boolean | null): void {
  attachment.basis = 'observed'
  if (deferred !== null) attachment.deferred = attachment.deferred === true || deferred
  touch(world.changed.attachments, attachment)
}

/** A callback nobody has listed: pinned while mapped makes it `pinned-revocable`, else it counts as `dynamic`. */
export function reconsiderPinned(world: World, attachment: Attachment, pinned: boolean): void {
  if (attachment.class !== 'dynamic' && attachment.class !== 'pinned-revocable') return
  if (importerByCallback(attachment.callback!)) return
  const next = pinned ? 'pinned-revocable' : 'dynamic'
  if (attachment.class === next) return
  attachment.class = next
  touch(world.changed.attachments, attachment)
}

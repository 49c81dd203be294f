import type { Buffer, Revocation, Sighting } from '../world/entities.ts'
import { tied } from '../world/order.ts'
import type { World } from '../world/world.ts'

/** What would have been refused, or not been told, had it come a moment later or earlier. */
export function noteTies(world: World, buffer: Buffer, revocation: Revocation): void {
  for (const { unmapped, attachment } of buffer.lately)
    if (attachment?.class === 'legacy' || attachment?.class === 'pinned')
      revocation.doubt ??= tied('an unmap and the revoke', unmapped, world.now)
  // Who only moves his buffers refuses nobody.
  if (revocation.kind !== 'move') return
  for (const { mapped } of buffer.mappings) revocation.doubt ??= tied('a map and the revoke', mapped, world.now)
  for (const { attached, entered } of buffer.attachments)
    revocation.doubt ??= tied('an attach and the revoke', entered ?? attached, world.now)
}

/** A use that was legal still or again: had it come after the revoke, or before the restore, it would not have been. */
export function noteTie({ now }: World, { restoring, revocation }: Buffer, what: string, began: Sighting): void {
  if (!revocation) return
  if (revocation.restored) revocation.doubt ??= tied(`${what} and the restore`, restoring, now)
  else revocation.doubt ??= tied(`${what} and the revoke`, revocation.notified ?? revocation.invalidated, began)
}

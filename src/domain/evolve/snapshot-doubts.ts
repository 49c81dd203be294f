import type { Act } from '../act.ts'
import type { Buffer } from '../world/entities.ts'
import type { Snapshot } from '../world/snapshot.ts'
import { setState, touch, type World } from '../world/world.ts'
import { forget } from './buffers.ts'
import type { Context } from './context.ts'
import { noteSnapshot } from './notes.ts'

/**
 * Why a buffer of a snapshot cannot be the one that is known by its inode number, or null. No number is given twice in
 * one boot, and neither exporter nor size of a buffer ever changes.
 */
export function contradicts(known: Buffer, act: Act): string | null {
  if (known.released) return `buffer ${known.ino}, which had been released`
  if (known.exporter !== null && act.exporter !== null && known.exporter !== act.exporter)
    return `buffer ${known.ino}, of ${act.exporter} in one and ${known.exporter} in the other`
  if (known.size !== null && act.size !== null && known.size !== act.size)
    return `buffer ${known.ino}, with a size of ${act.size} in one and ${known.size} in the other`
  return null
}

/** The trace shows of a buffer what the snapshot that it is known by cannot be true of. */
export function trustTrace(context: Context, known: Buffer): boolean {
  const { act } = context
  if (!known.snapshot || known.traced || known.snapshot.foreign) return false
  const why = act.type === 'export' ? `buffer ${known.ino}, which is exported only later` : contradicts(known, act)
  if (why === null) return false
  disown(context, known.snapshot, why)
  return true
}

/** Takes back what the snapshot alone has said. */
export function disown(context: Context, snapshot: Snapshot, why: string): void {
  const { world } = context
  snapshot.foreign = true
  snapshot.buffers.clear()
  for (const attachment of snapshot.attached) {
    if (attachment.pointer !== null || attachment.hashed !== null) continue
    const { buffer } = attachment
    if (!buffer?.attachments.delete(attachment)) continue
    buffer.attachmentCount--
    touch(world.changed.buffers, buffer)
  }
  for (const buffer of snapshot.made) if (!buffer.traced) disbelieve(world, buffer)
  noteSnapshot(
    context,
    snapshot,
    `a snapshot contradicts the trace over ${why}: it is of another boot, or its time is wrong`,
  )
}

function disbelieve(world: World, buffer: Buffer): void {
  forget(world, buffer)
  world.unreleased.delete(buffer)
  world.older = world.older.filter((one) => one !== buffer)
  setState(world, buffer, 'unknown')
}

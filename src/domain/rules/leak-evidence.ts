import type { Attachment, Sighting } from '../world/entities.ts'
import type { World } from '../world/world.ts'

export const STILL_OPEN = 'the trace ends while it is open: it may be taken down later'

/** What is attached when the trace ends, to buffers that live and to those that were released. */
export function* openAttachments(world: World): Generator<Attachment> {
  for (const buffer of world.unreleased) yield* buffer.attachments
  yield* world.orphans
}

/** Long enough after an exit for the files to be closed. */
const AFTER_EXIT = 1_000_000_000n

/** Has its buffer been released, or its owner exited well before the end? */
export function hasLeaked(world: World, attachment: Attachment, at: Sighting): boolean {
  if (attachment.buffer?.released) return true
  const exit = attachment.pid === null ? undefined : world.exits.get(attachment.pid)
  return (
    exit !== undefined &&
    attachment.attached !== null &&
    exit.seq > attachment.attached.seq &&
    at.ns - exit.ns > AFTER_EXIT
  )
}

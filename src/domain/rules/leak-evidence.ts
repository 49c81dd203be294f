import { isListedOnly } from '../evolve/attachment-identity.ts'
import type { Attachment, Sighting } from '../world/entities.ts'
import type { World } from '../world/world.ts'
import { span } from './wording.ts'

const STILL_OPEN = 'the trace ends while it is open: it may be taken down later'

/**
 * What is attached when the trace ends, to buffers that live and to those that were released. That somebody is attached
 * in a snapshot says only that the buffer is in use.
 */
export function* openAttachments(world: World): Generator<Attachment> {
  for (const buffer of world.unreleased)
    for (const attachment of buffer.attachments) if (!isListedOnly(attachment)) yield attachment
  yield* world.orphans
}

/** Why an open attachment that has not leaked may be no leak at all. */
export function openDoubt({ buffer, listed }: Attachment, at: Sighting): string {
  if (buffer?.missed) return 'a later snapshot no longer shows the buffer: its release is not in the trace'
  if (listed && listed.ns > at.ns)
    return `a snapshot ${span(listed.ns - at.ns)} after the trace ends shows its device still attached, be it through this attachment or another`
  return STILL_OPEN
}

/** Long enough after an exit for the files to be closed. */
const AFTER_EXIT = 1_000_000_000n

/** Has its buffer been released, or its owner exited well before the end? */
export function hasLeaked(world: World, attachment: Attachment, at: Sighting): boolean {
  if (attachment.buffer?.released) return true
  const { attached, tgid, comm } = attachment
  const exit = attached && world.exits.get(tgid ?? attachment.pid!)?.find((each) => each.at.seq > attached.seq)
  if (!exit || at.ns - exit.at.ns <= AFTER_EXIT) return false
  // Under another name it may be another task with the same pid; threads of one process have names of their own.
  return tgid !== null || !comm || exit.comm === null || exit.comm === comm
}

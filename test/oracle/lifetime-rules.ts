import { type Attachment, attachmentAt } from './attachments.ts'
import { bufferOf, clock, finding, millis, type OracleFinding, verdict, type World } from './finding.ts'
import { isError, number, type TraceEvent, text } from './read-trace.ts'

/** How long an exited owner's files may take to be closed, by task work and deferred fput (R10, R7). */
const CLEANUP_MS = 1_000

/** R7, CONTRACT §5.12: violated after the buffer's release or its owner's exit, undetermined when merely open. */
export function leaks(world: World): OracleFinding[] {
  const mappings = world.mappings
    .filter((m) => m.mapped !== null && m.ended === null)
    .map((m) => ({
      rule: 'leaked-mapping',
      ino: m.ino,
      importer: m.device,
      begun: m.mapped!,
      owners: [m.mapped!, m.attachment.attached],
    }))
  const attachments = world.attachments
    .filter((a) => a.attached !== null && a.detached === null && a.superseded === null)
    .map((a) => ({
      rule: 'leaked-attachment',
      ino: a.ino,
      importer: a.device,
      begun: a.attached!,
      owners: [a.attached],
    }))
  return [...mappings, ...attachments].map(({ rule, ino, importer, begun, owners }) => {
    const released = bufferOf(world, ino)?.released
    const gone = (released && released.seq > begun.seq) || owners.every((o) => o !== null && exited(world, o))
    const of = { ino, importer, event: begun }
    return finding(
      rule,
      'warning',
      verdict(world, Boolean(gone), [begun.seq, world.end]),
      of,
      `open since ${clock(begun)}`,
    )
  })
}

/** The process of this event exited well before the trace ends. A thread's exit (`group_dead` false) is not its process's. */
function exited(world: World, owner: TraceEvent): boolean {
  const last = world.trace.events.at(-1)!
  return world.trace.events.some(
    (e) =>
      e.name === 'sched_process_exit' &&
      e.seq > owner.seq &&
      [owner.pid, owner.tgid].includes(Number(text(e, 'pid') ?? e.pid)) &&
      !['0', 'false'].includes(text(e, 'group_dead') ?? 'true') &&
      millis(e, last) >= CLEANUP_MS,
  )
}

/** R8 and R9: what is done to a mapping that is retired, or through an attachment that is detached. One finding per call. */
export function usesAfterTheEnd(world: World): OracleFinding[] {
  return world.trace.events
    .filter((e) => e.name === 'dbuf_unmap' || (e.name === 'dbuf_map' && !isError(number(e, 'sgt'))))
    .flatMap((event) => {
      const attachment = attachmentAt(world.attachments, number(event, 'attach'), event.seq)
      if (!attachment) return []
      const of = { ino: attachment.ino, importer: attachment.device, event }
      const detached = attachment.detached
      if (detached && detached.seq < event.seq) {
        const same = attachment.attached !== null && text(event, 'ino') === attachment.ino
        const judged = verdict(world, same, [detached.seq, event.seq])
        return [finding('use-after-detach', 'critical', judged, of, `${event.name} after detach ${clock(detached)}`)]
      }
      return event.name === 'dbuf_unmap' ? doubleUnmap(world, attachment, event) : []
    })
}

function doubleUnmap(world: World, attachment: Attachment, event: TraceEvent): OracleFinding[] {
  if (world.mappings.some((m) => m.unmapping === event)) return []
  const retired = world.mappings.findLast(
    (m) => m.attachment === attachment && m.sgt === number(event, 'sgt') && m.unmapping && m.unmapping.seq < event.seq,
  )
  if (!retired) return []
  const sure = attachment.attached !== null && attachment.superseded === null
  const judged = verdict(world, sure, [retired.unmapping!.seq, event.seq])
  const of = { ino: attachment.ino, importer: attachment.device, event }
  return [finding('double-unmap', 'critical', judged, of, `unmapped already at ${clock(retired.unmapping!)}`)]
}

/** R10: the buffer's file is released while an attachment is open. One finding per attachment. */
export function releasedWhileAttached(world: World): OracleFinding[] {
  return world.buffers.flatMap((buffer) => {
    const released = buffer.released
    if (!released) return []
    const open = world.attachments.filter(
      (a) =>
        a.ino === buffer.ino &&
        (a.attached?.seq ?? -1) < released.seq &&
        !(a.detached && a.detached.seq < released.seq) &&
        !(a.superseded && a.superseded.seq < released.seq),
    )
    return open.map((a) => {
      const sure = a.attached !== null && a.superseded === null
      const judged = verdict(world, sure, [a.attached?.seq ?? -1, released.seq])
      const of = { ino: buffer.ino, importer: a.device, event: released }
      return finding(
        'released-while-attached',
        'error',
        judged,
        of,
        `attached ${a.attached ? clock(a.attached) : 'before the trace'}`,
      )
    })
  })
}

/** R16: pins without unpins at detach, an unpin without a pin, or a pin that ib_uverbs must refuse. One per attachment. */
export function pinImbalance(world: World): OracleFinding[] {
  return world.attachments.flatMap((attachment) => {
    if (!attachment.attached) return []
    const until = attachment.detached?.seq ?? attachment.superseded?.seq ?? world.end
    const own = world.trace.events.filter(
      (e) => e.seq > attachment.attached!.seq && e.seq < until && number(e, 'attach') === attachment.ptr,
    )
    let pins = 0
    let wrong: TraceEvent | null = null
    for (const event of own) {
      if (event.name === 'dbuf_pin' && number(event, 'ret') === 0n) {
        pins++
        if (bufferOf(world, attachment.ino)?.exporter === 'ib_uverbs') wrong ??= event
      }
      if (event.name === 'dbuf_unpin' && --pins < 0) wrong ??= event
    }
    if (pins > 0 && attachment.detached) wrong ??= attachment.detached
    if (!wrong) return []
    const judged = verdict(world, attachment.superseded === null, [attachment.attached.seq, wrong.seq])
    const of = { ino: attachment.ino, importer: attachment.device, event: wrong }
    return [finding('pin-imbalance', 'warning', judged, of, `${pins} pins open at ${clock(wrong)}`)]
  })
}

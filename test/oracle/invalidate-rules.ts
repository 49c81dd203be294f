import type { Attachment } from './attachments.ts'
import { bufferOf, clock, finding, millis, type OracleFinding, verdict, type World } from './finding.ts'
import { liveAt, type Mapping } from './mappings.ts'
import type { Invalidate } from './revocations.ts'

const WARN_MS = 1_000
const ERROR_MS = 10_000

/** The invalidates of its buffer that a mapping was live in, and still was when the importers had been notified. */
function survived(world: World, mapping: Mapping): Invalidate[] {
  return world.invalidates.filter(
    (i) => i.ino === mapping.ino && liveAt(mapping, i.event.seq) && liveAt(mapping, (i.ret ?? i.event).seq),
  )
}

/** The evidence that this mapping was live and of this class: nothing missing since its attach. */
const since = (mapping: Mapping) => mapping.attachment.attached?.seq ?? -1
const firsthand = (a: Attachment) => a.attached !== null && a.class !== 'unknown'

/** R6b, CONTRACT §5.10: one finding per mapping of an importer without the callback, however many it ignored. */
export function invalidateIgnored(world: World): OracleFinding[] {
  return world.mappings.flatMap((mapping) => {
    if (mapping.attachment.class !== 'legacy' && mapping.attachment.class !== 'pinned') return []
    const ignored = survived(world, mapping)[0]
    if (!ignored) return []
    const certain = mapping.mapped !== null && mapping.endedBy !== 'lost'
    const judged = verdict(world, certain, [since(mapping), (ignored.ret ?? ignored.event).seq])
    const of = { ino: mapping.ino, importer: mapping.device, event: ignored.event }
    const why = `${mapping.attachment.class} mapping live across the invalidate at ${clock(ignored.event)}`
    return [finding('invalidate-ignored', 'error', judged, of, why)]
  })
}

/** R2, CONTRACT §5.11: from the later of notified and fences drained to the unmap's return, for importers with the callback. */
export function lateUnmap(world: World): OracleFinding[] {
  return world.mappings.flatMap((mapping) => {
    if (mapping.attachment.class === 'legacy' || mapping.attachment.class === 'pinned') return []
    const first = world.invalidates.find((i) => i.ino === mapping.ino && liveAt(mapping, i.event.seq))
    if (!first?.ret) return []
    const wait = first.waits.find((w) => w.ret === null || w.drained)
    if (wait && wait.ret === null) return []
    const from = wait?.ret ?? first.ret
    const released = bufferOf(world, mapping.ino)?.released
    const forever = released && released.seq > from.seq && liveAt(mapping, released.seq) ? released : null
    const to = forever ?? mapping.ended ?? world.trace.events.at(-1)!
    const elapsed = millis(from, to)
    const never = forever !== null || mapping.ended === null
    // Merely still mapped where the trace stops, before the deadline: it may yet come.
    const open = mapping.ended === null && forever === null && elapsed < WARN_MS
    if (!never && elapsed < WARN_MS) return []
    const certain = firsthand(mapping.attachment) && mapping.mapped !== null && mapping.endedBy !== 'lost' && !open
    const judged = verdict(world, certain, [since(mapping), mapping.ended || forever ? to.seq : world.end])
    const severity = never || elapsed >= ERROR_MS ? 'error' : 'warning'
    const why = `${never ? 'never unmapped' : `unmapped ${elapsed} ms`} after ${clock(from)}`
    const of = { ino: mapping.ino, importer: mapping.device, event: to }
    return [finding('late-unmap', severity, judged, of, why)]
  })
}

/** R6: exporters known to revoke, or seen to invalidate and then reset (CONTRACT §5.9). */
export function nonRevocableImporter(world: World, resetAfterInvalidate: ReadonlySet<string>): OracleFinding[] {
  const revokes = (ino: string | null) => {
    const exporter = bufferOf(world, ino)?.exporter
    return exporter != null && (['vfio_pci_core', 'ib_uverbs'].includes(exporter) || resetAfterInvalidate.has(exporter))
  }
  const accepted = world.attachments
    .filter((a) => a.attached !== null && (a.class === 'legacy' || a.class === 'pinned') && revokes(a.ino))
    .map((a) => {
      const of = { ino: a.ino, importer: a.device, event: a.attached! }
      // ib_uverbs accepts the attach and refuses the pin (KERNEL.md §2.2).
      const refused = world.trace.events.some(
        (e) =>
          e.name === 'dbuf_pin' &&
          e.seq > a.attached!.seq &&
          e.fields.get('attach') === `0x${a.ptr.toString(16)}` &&
          e.seq < (a.detached?.seq ?? world.end) &&
          (e.fields.get('ret') ?? '0').startsWith('-'),
      )
      return finding(
        'non-revocable-importer',
        refused ? 'info' : 'error',
        'violated',
        of,
        `${a.class} importer accepted`,
      )
    })
  const refused = world.refusals
    .filter((r) => r.errno === 95 && revokes(r.ino))
    .map((r) => {
      const of = { ino: r.ino, importer: r.device, event: r.event }
      return finding('non-revocable-importer', 'info', 'violated', of, 'refused with -EOPNOTSUPP')
    })
  return [...accepted, ...refused]
}

/** R15, CONTRACT §5.15: restored, and the importer never mapped again before its detach or the end. */
export function importerLostMapping(world: World): OracleFinding[] {
  return world.attachments.flatMap((attachment) => {
    const own = world.mappings.filter((m) => m.attachment === attachment && m.mapped !== null)
    const restore = world.invalidates
      .filter((i) => i.ino === attachment.ino)
      .map((i) => i.move)
      .find((m) => m && !m.revoked && m.ret && m.ret.seq < (attachment.detached?.seq ?? world.end))
    if (!restore || own.length === 0 || own.some((m) => m.mapped!.seq > restore.ret!.seq || !m.ended)) return []
    const of = { ino: attachment.ino, importer: attachment.device, event: restore.ret! }
    const judged = verdict(world, true, [restore.event.seq, attachment.detached?.seq ?? world.end])
    return [finding('importer-lost-mapping', 'info', judged, of, 'restored, and never mapped again')]
  })
}

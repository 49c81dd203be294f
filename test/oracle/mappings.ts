import { type Attachment, attachmentAt } from './attachments.ts'
import { isError, mayMiss, named, number, type Trace, type TraceEvent, text } from './read-trace.ts'

/** One generation of a mapping: "new on each successful dbuf_map" (KERNEL.md §6 "Keys"). */
export interface Mapping {
  attachment: Attachment
  ino: string | null
  device: string | null
  sgt: bigint | null
  /** [from, to) in the importer's address space; null where no event gave it. */
  range: { from: bigint; to: bigint } | null
  /** Null: mapped before the trace, or its event was lost. */
  mapped: TraceEvent | null
  /** Entry of `dma_buf_unmap_attachment()`: still live. */
  unmapping: TraceEvent | null
  /** The return of the unmap, or the detach: from here on the mapping is retired. */
  ended: TraceEvent | null
  endedBy: 'unmap' | 'detach' | 'lost' | null
}

export function findMappings(trace: Trace, attachments: Attachment[]): Mapping[] {
  const seen = named(trace, 'dbuf_map')
    .filter((e) => !isError(number(e, 'sgt')))
    .flatMap((e) => mappedBy(trace, attachments, e))
  const known = new Set(seen.map((m) => m.unmapping))
  const unseen = named(trace, 'dbuf_unmap')
    .filter((e) => !known.has(e))
    .flatMap((e) => unmappedOnly(trace, attachments, seen, e))
  return [...seen, ...unseen]
}

function mappedBy(trace: Trace, attachments: Attachment[], mapped: TraceEvent): Mapping[] {
  const attachment = attachmentAt(attachments, number(mapped, 'attach'), mapped.seq)
  if (!attachment || (attachment.detached && attachment.detached.seq < mapped.seq)) return []
  const sgt = number(mapped, 'sgt')
  const same = (e: TraceEvent) => number(e, 'sgt') === sgt && number(e, 'attach') === attachment.ptr
  const next = (name: string) => named(trace, name).find((e) => e.seq > mapped.seq && same(e))
  const again = next('dbuf_map')?.seq ?? trace.events.length
  const bound = Math.min(again, attachment.detached?.seq ?? again, attachment.superseded?.seq ?? again)
  const entry = next('dbuf_unmap')
  const unmapping = entry && entry.seq < bound ? entry : null
  const mapping: Mapping = {
    attachment,
    ino: text(mapped, 'ino'),
    device: text(mapped, 'dev'),
    sgt,
    range: rangeOf(trace, mapped),
    mapped,
    unmapping,
    ended: null,
    endedBy: null,
  }
  return [{ ...mapping, ...endOf(trace, mapping, again) }]
}

/** KERNEL.md §6 "General traps": the return of the unmap ends the mapping, its entry does not. Detach ends it too. */
function endOf(trace: Trace, mapping: Mapping, again: number): Pick<Mapping, 'ended' | 'endedBy'> {
  const { attachment, mapped, unmapping, sgt } = mapping
  const from = unmapping ?? mapped
  const returned = named(trace, 'dbuf_unmap_ret').find(
    (e) =>
      e.seq > (from?.seq ?? -1) &&
      number(e, 'sgt') === sgt &&
      number(e, 'attach') === attachment.ptr &&
      e.seq < again &&
      (unmapping === null || e.pid === unmapping.pid),
  )
  const detached = attachment.detached
  if (returned && unmapping) return { ended: returned, endedBy: 'unmap' }
  if (returned && !(detached && detached.seq < returned.seq)) return { ended: returned, endedBy: 'unmap' }
  if (unmapping && mayMiss(trace, unmapping.seq, trace.events.length)) return { ended: unmapping, endedBy: 'lost' }
  // The same sg_table mapped again, or the pointer attached again: the unmap was not traced.
  const reused = Math.min(again, attachment.superseded?.seq ?? again)
  if (detached && detached.seq < reused) return { ended: detached, endedBy: 'detach' }
  const reuse = trace.events[reused]
  return reuse ? { ended: reuse, endedBy: 'lost' } : { ended: null, endedBy: null }
}

/** R1: only the first segment is in the probe, so the span of the `iommu:map` that this task did just before counts. */
function rangeOf(trace: Trace, mapped: TraceEvent): Mapping['range'] {
  const from = number(mapped, 'iova')
  const length = number(mapped, 'len')
  if (from === null || length === null) return null
  const earlier = (e: TraceEvent) => e.seq < mapped.seq && e.pid === mapped.pid
  const since = named(trace, 'dbuf_map').findLast(earlier)?.seq ?? -1
  const spans = named(trace, 'map')
    .filter((e) => earlier(e) && e.seq > since)
    .flatMap(spanOf)
  const span = spans.findLast((s) => s.from <= from && from < s.to)
  return { from, to: span && span.to > from + length ? span.to : from + length }
}

function spanOf(event: TraceEvent): { from: bigint; to: bigint }[] {
  const span = /iova=(0x[0-9a-f]+) - (0x[0-9a-f]+)/.exec(event.rest)
  return span ? [{ from: BigInt(span[1]!), to: BigInt(span[2]!) }] : []
}

/** An unmap of what was never seen mapped: a mapping that is older than the trace, or whose event was lost. */
function unmappedOnly(trace: Trace, attachments: Attachment[], seen: Mapping[], unmapping: TraceEvent): Mapping[] {
  const attachment = attachmentAt(attachments, number(unmapping, 'attach'), unmapping.seq)
  const sgt = number(unmapping, 'sgt')
  if (!attachment || (attachment.detached && attachment.detached.seq < unmapping.seq)) return []
  if (seen.some((m) => m.attachment === attachment && m.sgt === sgt && m.mapped!.seq < unmapping.seq)) return []
  const returned = named(trace, 'dbuf_unmap_ret').find(
    (e) => e.seq > unmapping.seq && e.pid === unmapping.pid && number(e, 'sgt') === sgt,
  )
  const inside = named(trace, 'unmap').filter(
    (e) => e.pid === unmapping.pid && e.seq > unmapping.seq && e.seq < (returned?.seq ?? 0),
  )
  return [
    {
      attachment,
      ino: text(unmapping, 'ino'),
      device: text(unmapping, 'dev'),
      sgt,
      range: inside.flatMap(spanOf)[0] ?? null,
      mapped: null,
      unmapping,
      ended: returned ?? null,
      endedBy: returned ? 'unmap' : null,
    },
  ]
}

/** Live from the return of the map to the return of the unmap. */
export function liveAt(mapping: Mapping, seq: number): boolean {
  return (mapping.mapped === null || mapping.mapped.seq < seq) && !(mapping.ended && mapping.ended.seq <= seq)
}

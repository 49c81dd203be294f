/** drivers/dma-buf/dma-buf.c: maps and unmaps. */
import type { Running } from '../scheduler.ts'
import { noteUsedDetached } from '../truth/attachments.ts'
import { noteLetGo, noteMapped, noteUnmapped, noteUnmappedAgain } from '../truth/mappings.ts'
import { errorPointer, retire } from './addresses.ts'
import { named } from './buffers.ts'
import { enter, leave, type Machine, milliseconds, spaceOf, type Thread, tracepoint } from './machine.ts'
import type { Attachment, Mapping } from './objects.ts'

const PAGES = 0x106120000

/** A mapping of the whole buffer, at an address of the importer's device; the attachment has it from here on. */
export function newMapping(
  m: Machine,
  attachment: Attachment,
  { table, direction }: Pick<Mapping, 'table' | 'direction'>,
): Mapping {
  const { buffer, importer, mappings } = attachment
  const space = spaceOf(m, importer.device)
  const iova = space.allocate(buffer.size)
  const mapping: Mapping = {
    attachment,
    table,
    iova,
    length: buffer.size,
    direction,
    use: space.uses(iova),
    mappedAt: m.scheduler.now,
    goneAt: null,
    returnedAt: null,
    told: null,
    endedBy: null,
    endedIn: null,
    liveAtReset: false,
    noted: new Set(),
  }
  mappings.add(mapping)
  return mapping
}

/** With the reservation lock held. Null where the exporter refused. */
export function* map(m: Machine, thread: Thread, attachment: Attachment): Running<Mapping | null> {
  const { buffer, importer, pointer } = attachment
  const direction = buffer.ino % 3
  const fields = { ...named(buffer), dmabuf: buffer.pointer, attach: pointer, device: importer.device, direction }
  yield* enter(m, thread, { fn: 'dma_buf_map_attachment', fields })
  const back = { fn: 'dma_buf_map_attachment', caller: importer.maps }
  const errno = buffer.exporter.refusesMap(buffer)
  if (errno !== 0) {
    // What a failed dereference leaves in the other fields.
    const stale = { nents: 1, iova: '0xffff0000', length: 4096 }
    yield* leave(m, thread, { ...back, fields: { ...fields, ...stale, sgt: errorPointer(errno), err: -errno } })
    return null
  }
  const mapping = newMapping(m, attachment, { table: m.slab.allocate('table'), direction })
  if (buffer.exporter.counts) buffer.counted++
  yield* translate(m, thread, mapping)
  noteMapped(m, mapping)
  const iova = `0x${mapping.iova.toString(16)}`
  const shown = {
    nents: 1,
    iova,
    length: mapping.length,
    sgt: mapping.table,
    err: BigInt.asIntN(64, BigInt(mapping.table)).toString(),
  }
  yield* leave(m, thread, { ...back, fields: { ...fields, ...shown } })
  mapping.mappedAt = m.scheduler.now
  m.truth.mappings.push(mapping)
  buffer.mapped++
  return mapping
}

function* translate(m: Machine, thread: Thread, { iova, length, attachment }: Mapping): Running {
  const { device } = attachment.buffer.exporter
  yield* tracepoint(m, thread, 'iommu:map', { iova, length, paddr: device ? 0xfe200000 : PAGES })
  if (!device)
    yield* tracepoint(m, thread, 'dma:dma_map_sg', { device: attachment.importer.device, iova, length, paddr: PAGES })
}

/** With the reservation lock held; `caller` is the importer's function that lets go. */
export function* unmap(m: Machine, thread: Thread, mapping: Mapping, caller?: string): Running {
  const { attachment, table, iova, length } = mapping
  const { buffer, importer } = attachment
  const fields = {
    ...named(buffer),
    dmabuf: buffer.pointer,
    attach: attachment.pointer,
    device: importer.device,
    direction: mapping.direction,
    sgt: table,
  }
  yield* enter(m, thread, { fn: 'dma_buf_unmap_attachment', fields })
  const { device } = buffer.exporter
  if (!device) yield* tracepoint(m, thread, 'dma:dma_unmap_sg', { device: importer.device, paddr: PAGES })
  yield* tracepoint(m, thread, 'iommu:unmap', { iova, length })
  mapping.goneAt = m.scheduler.now
  retire(spaceOf(m, attachment.importer.device), mapping)
  spaceOf(m, importer.device).free(iova, length)
  attachment.mappings.delete(mapping)
  if (buffer.exporter.counts && --buffer.counted === 0) m.scheduler.wake(buffer.unmapped)
  m.slab.free('table', table)
  // Its thread may be set aside before it returns: whoever waited goes on meanwhile.
  if (m.random.chance(0.02)) yield milliseconds(m.random.between(0.05, 2))
  yield* leave(m, thread, { fn: 'dma_buf_unmap_attachment', caller: caller ?? importer.unmaps, fields })
  mapping.returnedAt = m.scheduler.now
  noteLetGo(mapping, thread)
  noteUnmapped(m, mapping)
}

/** The importer lets go what it has let go before: the exporter's own count goes wrong. */
export function* unmapAgain(m: Machine, thread: Thread, mapping: Mapping): Running {
  const { attachment, table: sgt } = mapping
  const { buffer, importer, pointer: attach } = attachment
  const fields = { ...named(buffer), dmabuf: buffer.pointer, attach, device: importer.device, direction: 0, sgt }
  yield* enter(m, thread, { fn: 'dma_buf_unmap_attachment', fields })
  if (attachment.detached) noteUsedDetached(m, attachment, 'unmap')
  else noteUnmappedAgain(m, mapping)
  yield* leave(m, thread, { fn: 'dma_buf_unmap_attachment', caller: importer.unmaps, fields })
}

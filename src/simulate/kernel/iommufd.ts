/** drivers/iommu/iommufd/pages.c: maps a VFIO buffer by itself, without dma_buf_map_attachment() (KERNEL.md §2.1). */
import type { Running } from '../scheduler.ts'
import { noteLetGo, noteMapped, noteUnmapped } from '../truth/mappings.ts'
import { retire } from './addresses.ts'
import { attach, pin } from './attachments.ts'
import { locked } from './buffers.ts'
import type { Importer } from './importer.ts'
import { enter, type Machine, spaceOf, type Thread, tracepoint } from './machine.ts'
import { newMapping } from './mappings.ts'
import type { Attachment, Buffer, Mapping } from './objects.ts'

const CALLER = 'iopt_alloc_dmabuf_pages+0x98/0x170'

export function privateImporter(): Importer {
  return {
    device: 'iommu',
    class: 'private',
    ops: '0xffffffff81a848e0',
    opsSymbol: 'iopt_dmabuf_attach_revoke_ops+0x0/0x20',
    callback: 'iopt_revoke_notify+0x0/0x80',
    p2p: true,
    attaches: CALLER,
    maps: CALLER,
    unmaps: CALLER,
    pins: 'iopt_alloc_dmabuf_pages+0xb7/0x170',
    pinning: 'kept',
    told: revoked,
  }
}

/** `iopt_revoke_notify()`: unmaps every domain at once, and for good. */
function* revoked(m: Machine, thread: Thread, attachment: Attachment): Running {
  yield* enter(m, thread, { fn: 'iopt_revoke_notify', fields: { attach: attachment.pointer } })
  for (const mapping of [...attachment.mappings]) yield* drop(m, thread, mapping)
}

function* drop(m: Machine, thread: Thread, mapping: Mapping): Running {
  const { attachment, iova, length } = mapping
  yield* tracepoint(m, thread, 'iommu:unmap', { iova, length })
  mapping.goneAt = m.scheduler.now
  retire(spaceOf(m, attachment.importer.device), mapping)
  mapping.returnedAt = m.scheduler.now
  noteLetGo(mapping, thread)
  attachment.mappings.delete(mapping)
  spaceOf(m, attachment.importer.device).free(iova, length)
  noteUnmapped(m, mapping)
}

/** `IOMMU_IOAS_MAP_FILE`; null where the exporter refused. */
export function* importPrivately(
  m: Machine,
  thread: Thread,
  buffer: Buffer,
  importer: Importer,
): Running<Attachment | null> {
  const attachment = yield* attach(m, thread, buffer, importer)
  if (!attachment) return null
  yield* locked(m, buffer, function* () {
    yield* pin(m, thread, attachment)
  })
  if (buffer.revoked || buffer.owner === null) return attachment
  const mapping = newMapping(m, attachment, { table: '0x0', direction: 0 })
  yield* tracepoint(m, thread, 'iommu:map', { iova: mapping.iova, length: mapping.length, paddr: 0xfe200000 })
  mapping.mappedAt = m.scheduler.now
  m.truth.mappings.push(mapping)
  buffer.mapped++
  noteMapped(m, mapping)
  return attachment
}

/** The mapping is taken out of the address space, and with it the attachment goes. */
export function* dropPrivately(m: Machine, thread: Thread, attachment: Attachment): Running {
  for (const mapping of [...attachment.mappings]) yield* drop(m, thread, mapping)
}

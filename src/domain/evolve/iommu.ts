import { readIommuRange } from '../recognise/tracepoints.ts'
import type { Mapping } from '../world/entities.ts'
import { openCall } from '../world/task.ts'
import type { Context } from './context.ts'
import { observe } from './importer-class.ts'
import { INVALIDATE_CALLS } from './invalidate-calls.ts'
import { createMapping, endMapping } from './mappings.ts'

/**
 * iommufd maps a vfio buffer without `dma_buf_map_attachment()`: what shows is its attach, then `iommu:map` by the same
 * thread; and `iommu:unmap` inside the invalidate callback (KERNEL.md §2.1, PRIV_REVOC).
 */
export function onIommuMap(context: Context): void {
  const { world, act, task } = context
  world.translations.set(addressText(act.text), world.now.seq)
  const attachment = task.attached
  if (attachment?.class !== 'private' || attachment.detached || attachment.mappings.size > 0) return
  if (attachment.retired !== null || !attachment.attached || attachment.attached.ns + RECENT < world.now.ns) return
  const range = readIommuRange(context.act.text ?? '')
  if (!range) return
  context.act.iova = range.iova.toString()
  context.act.length = range.length === null ? null : range.length.toString()
  createMapping(context, attachment, { sgt: null, direction: null, source: world.record.name })
  world.about.attachment = attachment
  world.about.buffer = attachment.buffer
}

/** The 16 digits after `IOMMU: iova=0x`: these events come by the hundred thousand, so they are not read further. */
function addressText(text: string | null): string {
  return text === null ? '' : text.slice(14, 30)
}

/** The ioctl attaches and maps in one go. */
const RECENT = 1_000_000_000n

export function onIommuUnmap(context: Context): void {
  const { world, act, task } = context
  world.translations.delete(addressText(act.text))
  if (!world.mappings.has('iommu')) return
  const range = readIommuRange(act.text ?? '')
  const mapping = range && privateMapping(context, range.iova)
  if (!mapping) return
  world.about.attachment = mapping.attachment
  world.about.buffer = mapping.buffer
  const told = openCall(task, INVALIDATE_CALLS)
  endMapping(context, mapping, 'unmap')
  if (told && mapping.attachment) observe(world, mapping.attachment, false)
}

function privateMapping({ world }: Context, address: bigint): Mapping | null {
  const found = world.mappings.covering('iommu', address).find((m) => m.unmapped === null && m.iova === address)
  return found?.attachment?.class === 'private' ? found : null
}

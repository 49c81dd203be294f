import { readIommuRange } from '../recognise/tracepoints.ts'
import { openCall } from '../world/task.ts'
import { beginSharing, mayBeAnothers, privateMappingAt, shareAddress } from './address-spaces.ts'
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
  const from = addressOf(act.text)
  const before = world.translations.get(from)
  world.translations.set(from, world.now.seq)
  const had = world.mappings.has('iommu') ? privateMappingAt(world, BigInt(from)) : null
  if (had) return shareAddress(world, had)
  const run = task.translated
  const to = addressOf(act.text, LAST_DIGITS)
  if (run?.to === from) run.to = to
  else task.translated = { from, to }
  const attachment = task.attached
  if (attachment?.class !== 'private' || attachment.detached || attachment.mappings.size > 0) return
  if (attachment.retired !== null || !attachment.attached || attachment.attached.ns + RECENT < world.now.ns) return
  const range = readIommuRange(context.act.text ?? '')
  if (!range) return
  context.act.iova = range.iova.toString()
  context.act.length = range.length === null ? null : range.length.toString()
  const mapping = createMapping(context, attachment, { sgt: null, direction: null, source: world.record.name })
  beginSharing(world, mapping, before)
  world.about.attachment = attachment
  world.about.buffer = attachment.buffer
}

const FIRST_DIGIT = 'IOMMU: iova=0x'.length
const DIGITS = 16
const LAST_DIGITS = FIRST_DIGIT + DIGITS + ' - 0x'.length

/** The 16 digits after `IOMMU: iova=0x`, or after the ` - 0x` that follows. These events come by the hundred thousand, so no string is made of them. */
function addressOf(text: string | null, first = FIRST_DIGIT): number {
  let address = 0
  if (text === null) return address
  for (let i = first; i < first + DIGITS; i++) {
    const code = text.charCodeAt(i)
    // '0'…'9' are 0x30…0x39, 'a'…'f' are 0x61…0x66.
    const digit = code < 0x3a ? code - 0x30 : code - 0x57
    if (!(digit >= 0 && digit < 16)) return address
    address = address * 16 + digit
  }
  return address
}

/** The ioctl attaches and maps in one go. */
const RECENT = 1_000_000_000n

export function onIommuUnmap(context: Context): void {
  const { world, act, task } = context
  world.translations.delete(addressOf(act.text))
  if (!world.mappings.has('iommu')) return
  const range = readIommuRange(act.text ?? '')
  // An address exists once in every address space, and the event does not name one: a call that is under way does.
  if (!range || task.calls.some((call) => call.mapping?.iova === range.iova)) return
  const mapping = privateMappingAt(world, range.iova)
  if (!mapping) return
  world.about.attachment = mapping.attachment
  world.about.buffer = mapping.buffer
  const told = openCall(task, INVALIDATE_CALLS)
  if (!told && mayBeAnothers(world, mapping)) return
  endMapping(context, mapping, 'unmap')
  if (told && mapping.attachment) observe(world, mapping.attachment, false)
}

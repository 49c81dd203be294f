import type { Capture } from '../../log/captures.ts'
import type { AttachmentAt, BufferAt, DeviceAt, FenceAt, MappingAt } from '../../projection/state/rows.ts'
import type { StateAt } from '../../projection/state/state-at.ts'
import { type Page, quoted, type Style } from '../summary/page.ts'
import { count, many, sizeText, timeText } from '../summary/quantity.ts'
import { type Clock, createClock } from './clock.ts'
import { revocationText } from './revocation-text.ts'
import { trustText } from './trust-text.ts'

const STATE_STYLE: Record<BufferAt['state'], Style> = {
  live: 'green',
  revoking: 'yellow',
  revoked: 'red',
  dead: 'red',
  released: 'dim',
  unknown: 'cyan',
}

/** The state as a page: how far to trust it, devices, and each buffer with what hangs on it. */
export function* stateText(capture: Capture, state: StateAt, page: Page): Generator<string> {
  const { at, events, buffers, devices, attachments } = state
  const clock = createClock(at, capture.ticks)
  const where = `capture ${capture.capture}, ${quoted(capture.name, page.width)}, at ${timeText(at, capture.ticks)}`
  yield `${page.paint('bold', where)}: ${count(events)} of ${many(capture.events, 'event')} had happened\n`
  for (const line of trustText(state.trust, clock)) yield `  ${page.paint('yellow', line)}\n`
  for (const device of devices) yield `\n${deviceText(device, clock, page)}\n`
  for (const buffer of buffers) {
    yield '\n'
    yield* bufferText(buffer, clock, page)
  }
  if (attachments.length > 0) {
    yield '\nattached to buffers that no event names\n'
    for (const attachment of attachments) yield* attachmentText(attachment, clock, page)
  }
  if (devices.length + buffers.length + attachments.length === 0) yield 'nothing of what was asked for was there\n'
}

function deviceText(
  { device, pointer, revoked, moving, closing, reset, buffers }: DeviceAt,
  clock: Clock,
  page: Page,
): string {
  const words = [
    moving === 'revoke' ? 'being revoked' : moving === 'restore' ? 'being restored' : null,
    moving !== null || revoked === null ? null : revoked ? 'revoked' : 'not revoked',
    buffers.length === 0 ? null : many(buffers.length, 'buffer'),
    closing ? 'being closed' : null,
  ].filter((word) => word !== null)
  const head = `${page.paint('bold', `device ${device ?? pointer ?? 'unknown'}`)}${words.length > 0 ? `  ${words.join(', ')}` : ''}`
  if (reset === null) return head
  const how = [
    reset.method === 'unknown' ? null : reset.method,
    reset.trigger === 'unknown' ? null : `by ${reset.trigger}`,
  ]
  const what = how.filter((word) => word !== null).join(' ')
  const within = reset.within === null ? '' : `, in ${reset.within}`
  const touched =
    reset.touchedNs === null ? 'the hardware not touched yet' : `the hardware touched ${clock.ago(reset.touchedNs)}`
  return `${head}\n  ${page.paint('red', 'being reset')}${what ? ` (${what})` : ''} since ${clock.since(reset.startedNs)}${within}; ${touched}`
}

function* bufferText(buffer: BufferAt, clock: Clock, page: Page): Generator<string> {
  const { ino, state, sinceNs, exporter, exporterDevice, size, revocation } = buffer
  const what = [exporter ?? 'unknown exporter', exporterDevice, size === null ? null : sizeText(size)]
  const since = sinceNs === null ? ', since before the trace or unseen' : ` since ${clock.since(sinceNs)}`
  const name = page.paint('bold', `buffer ${ino ?? 'of unknown inode'}`)
  yield `${name}  ${what.filter((word) => word !== null).join(', ')}: ${page.paint(STATE_STYLE[state], state)}${since}\n`
  if (buffer.replaced) yield "  its number is another buffer's by now: its release was not seen\n"
  if (revocation) for (const line of revocationText(revocation, clock)) yield `  ${line}\n`
  for (const attachment of buffer.attachments) yield* attachmentText(attachment, clock, page)
  for (const mapping of buffer.mappings) yield `  ${mappingText(mapping, clock)}, by an unknown importer\n`
  for (const fence of buffer.fences) yield `  ${fenceText(fence, clock)}\n`
}

function* attachmentText(attachment: AttachmentAt, clock: Clock, page: Page): Generator<string> {
  const { importerDevice, basis, deferred, attachedNs, comm, pid, pinned, invalidations, mappings } = attachment
  const kind = `${attachment.class}${deferred ? ', deferred' : ''} (${basis})`
  const who = comm !== null && pid !== null ? ` by ${quoted(comm, 24)}-${pid}` : pid === null ? '' : ` by pid ${pid}`
  const when = attachedNs === null ? 'attached before the trace or unseen' : `attached ${clock.ago(attachedNs)}${who}`
  const told = invalidations === 0 ? '' : `, told ${many(invalidations, 'time')} while mapped`
  const name = `${importerDevice ?? 'unknown importer'}${attachment.attachment === null ? '' : ` ${attachment.attachment}`}`
  yield `  ${page.paint('bold', name)}  ${kind}, ${when}${pinned ? ', pinned' : ''}${told}${mappings.length === 0 ? ', nothing mapped' : ''}\n`
  for (const mapping of mappings) yield `    ${mappingText(mapping, clock)}\n`
}

function mappingText({ iova, length, direction, mappedNs, toldNs, unmappingNs }: MappingAt, clock: Clock): string {
  const where = iova === null ? 'unknown address' : `0x${iova.toString(16)}`
  const what = [length === null ? null : sizeText(length), direction].filter((word) => word !== null).join(', ')
  const when = mappedNs === null ? 'before the trace or unseen' : clock.ago(mappedNs)
  const told = toldNs === null ? '' : `, told to go ${clock.ago(toldNs)}`
  const going = unmappingNs === null ? '' : `, unmap under way for ${clock.span(unmappingNs)}`
  return `mapped ${where}${what ? ` (${what})` : ''} ${when}${told}${going}`
}

function fenceText({ context, seqno, addedNs, awaited, shared }: FenceAt, clock: Clock): string {
  const doubts = [awaited ? 'a wait for it has returned' : null, shared ? 'perhaps of another buffer' : null]
  const words = doubts.filter((word) => word !== null).join(', ')
  return `fence ${context}:${seqno} unsignalled, added ${clock.ago(addedNs)}${words ? ` (${words})` : ''}`
}

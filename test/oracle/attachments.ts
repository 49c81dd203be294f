import { isError, number, type Trace, type TraceEvent, text } from './read-trace.ts'

/** KERNEL.md §2, as far as the rules tell them apart: `callback` is any importer with `invalidate_mappings`. */
export type ImporterClass = 'legacy' | 'pinned' | 'callback' | 'unknown'

/** One generation of an attachment pointer: "new on each attach" (KERNEL.md §6 "Keys"). */
export interface Attachment {
  ptr: bigint
  ino: string | null
  device: string | null
  class: ImporterClass
  /** Null: made before the trace, or its event was lost. */
  attached: TraceEvent | null
  detached: TraceEvent | null
  /** The pointer was attached again while this one was open: its end is not in the trace. */
  superseded: TraceEvent | null
}

/** A refused attach: `dbuf_attach_ret` with an `ERR_PTR` (KERNEL.md §1.4); there is no native event then. */
export interface Refusal {
  event: TraceEvent
  ino: string | null
  device: string | null
  legacy: boolean
  errno: number
}

const ATTACH = new Set(['dma_buf_dynamic_attach', 'dbuf_attached', 'dbuf_attach_ret'])
const DETACH = new Set(['dbuf_detach', 'dma_buf_detach'])
const USE = new Set(['dbuf_map', 'dbuf_unmap', 'dbuf_unmap_ret', 'dbuf_pin', 'dbuf_unpin'])

/** The attachment an event is about. Native events print it hashed unless `hash-ptr=0`: such ids cannot be joined. */
export function attachmentOf(event: TraceEvent): bigint | null {
  if (event.name === 'dbuf_attach_ret') {
    const ret = number(event, 'ret')
    return isError(ret) ? null : ret
  }
  if (event.name.startsWith('dma_buf_')) {
    const raw = /attachment:(?:0x)?(ff[0-9a-f]{14})/.exec(event.rest)?.[1]
    return raw ? BigInt(`0x${raw}`) : null
  }
  return number(event, 'attach')
}

export function findAttachments(trace: Trace): Attachment[] {
  const touching = trace.events.filter((e) => ATTACH.has(e.name) || DETACH.has(e.name) || USE.has(e.name))
  const pointers = new Set(touching.map(attachmentOf).filter((ptr) => ptr !== null))
  return [...pointers].flatMap((ptr) =>
    generations(
      ptr!,
      touching.filter((e) => attachmentOf(e) === ptr),
    ),
  )
}

function generations(ptr: bigint, events: TraceEvent[]): Attachment[] {
  const found: Attachment[] = []
  let seen: TraceEvent[] = []
  for (const event of events) {
    const open = found.at(-1)
    if (ATTACH.has(event.name)) {
      if (open && !open.detached && open.attached && sameAttach(seen, event)) {
        seen.push(event)
        open.class = classOf(seen)
        continue
      }
      if (open && !open.detached) open.superseded = event
      seen = [event]
      found.push({ ...fresh(ptr, event), class: classOf(seen), attached: event })
    } else if (!open) found.push({ ...fresh(ptr, event), detached: DETACH.has(event.name) ? event : null })
    else if (DETACH.has(event.name)) open.detached ??= event
  }
  return found
}

const fresh = (ptr: bigint, event: TraceEvent): Attachment => ({
  ptr,
  ino: text(event, 'ino'),
  device: text(event, 'dev') ?? text(event, 'dev_name'),
  class: 'unknown',
  attached: null,
  detached: null,
  superseded: null,
})

/** The native event, the tprobe and the return probe of one call: one task, one buffer, each kind once. */
function sameAttach(seen: TraceEvent[], event: TraceEvent): boolean {
  return seen.every((s) => s.pid === event.pid && s.name !== event.name && text(s, 'ino') === text(event, 'ino'))
}

/** KERNEL.md §2.1 "Derivation rule": the fields behind `ops=0x0` are stale bytes. */
function classOf(seen: TraceEvent[]): ImporterClass {
  const probed = seen.find((e) => e.name === 'dbuf_attached')
  const ops = [probed, seen.find((e) => e.name === 'dbuf_attach_ret')].map((e) => e && number(e, 'ops'))
  if (ops.includes(0n)) return 'legacy'
  if (seen.some((e) => e.name === 'dma_buf_dynamic_attach' && text(e, 'is_dynamic') === '0')) return 'legacy'
  const callback = probed ? text(probed, 'inv') : null
  if (callback === null) return 'unknown'
  return callback === '0x0' || callback.startsWith('ib_umem_dmabuf_unsupported_move_notify') ? 'pinned' : 'callback'
}

/** The generation of this pointer that an event at this rank is about: the newest begun before it. */
export function attachmentAt(attachments: Attachment[], ptr: bigint | null, seq: number): Attachment | null {
  return attachments.findLast((a) => a.ptr === ptr && (a.attached === null || a.attached.seq <= seq)) ?? null
}

export function findRefusals(trace: Trace): Refusal[] {
  return trace.events
    .filter((e) => e.name === 'dbuf_attach_ret' && (number(e, 'ret') ?? 0n) >= 0xfffffffffffff001n)
    .map((event) => ({
      event,
      ino: text(event, 'ino'),
      device: text(event, 'dev'),
      legacy: number(event, 'ops') === 0n,
      errno: Number((1n << 64n) - number(event, 'ret')!),
    }))
}

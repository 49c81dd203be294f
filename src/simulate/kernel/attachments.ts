/** drivers/dma-buf/dma-buf.c: attachments and their pins. */
import type { Running } from '../scheduler.ts'
import { noteAttached, noteDetached } from '../truth/attachments.ts'
import { noteEnded } from '../truth/mappings.ts'
import { errorPointer } from './addresses.ts'
import { named } from './buffers.ts'
import type { Importer } from './importer.ts'
import { enter, type Fields, leave, type Machine, type Thread, tracepoint } from './machine.ts'
import type { Attachment, Buffer } from './objects.ts'

function opsFields({ ops, opsSymbol, callback, p2p }: Importer): Fields {
  // With ops NULL, a probe that follows it prints what was there before.
  if (ops === '0x0') return { ops, opsSymbol: '0x0', callback: '0x0', p2p: 0, dynamic: 0 }
  return { ops, opsSymbol, callback: callback ?? '0x0', p2p: Number(p2p), dynamic: 1 }
}

export function* attach(m: Machine, thread: Thread, buffer: Buffer, importer: Importer): Running<Attachment | null> {
  const { pointer: dmabuf, exporter } = buffer
  yield* tracepoint(m, thread, 'dma_buf:dma_buf_get', { ...named(buffer), fd: 9 })
  const fields = { ...named(buffer), dmabuf, device: importer.device, ...opsFields(importer) }
  yield* enter(m, thread, { fn: 'dma_buf_dynamic_attach', fields })
  const errno = exporter.refusesAttach(buffer, importer)
  const entered = m.scheduler.now
  const back = { fn: 'dma_buf_dynamic_attach', caller: importer.attaches }
  if (errno !== 0) {
    m.truth.refused.push({ ino: buffer.ino, importer: importer.device, errno })
    yield* leave(m, thread, { ...back, fields: { ...fields, ret: errorPointer(errno) } })
    yield* tracepoint(m, thread, 'dma_buf:dma_buf_put', named(buffer))
    return null
  }
  const attachment: Attachment = {
    buffer,
    importer,
    pointer: m.slab.allocate('attachment'),
    pins: 0,
    mappings: new Set(),
    detached: false,
    attachedAt: 0,
    detachedAt: null,
    everPinned: false,
    invalidations: 0,
    toldIn: null,
    callbackIn: null,
    acted: null,
  }
  buffer.attachments.unshift(attachment)
  m.attachments.add(attachment)
  const shown = { ...fields, attach: attachment.pointer }
  m.truth.attachments.push(attachment)
  buffer.accepted++
  yield* tracepoint(m, thread, 'dma_buf:dma_buf_dynamic_attach', shown)
  attachment.attachedAt = m.scheduler.now
  noteAttached(m, attachment, entered)
  yield* enter(m, thread, { fn: '__probestub_dma_buf_dynamic_attach', fields: shown })
  yield* leave(m, thread, { ...back, fields: { ...shown, ret: attachment.pointer } })
  return attachment
}

export function* detach(m: Machine, thread: Thread, attachment: Attachment): Running {
  const { buffer, importer, pointer } = attachment
  const fields = { ...named(buffer), dmabuf: buffer.pointer, attach: pointer, device: importer.device }
  yield* enter(m, thread, { fn: 'dma_buf_detach', fields })
  attachment.detached = true
  attachment.detachedAt = m.scheduler.now
  for (const mapping of attachment.mappings) {
    mapping.returnedAt = m.scheduler.now
    noteEnded(mapping, thread, 'detach')
  }
  m.attachments.delete(attachment)
  buffer.attachments = buffer.attachments.filter((other) => other !== attachment)
  noteDetached(m, attachment)
  yield* tracepoint(m, thread, 'dma_buf:dma_buf_detach', { ...fields, dynamic: importer.ops === '0x0' ? 0 : 1 })
  m.slab.free('attachment', pointer)
  yield* tracepoint(m, thread, 'dma_buf:dma_buf_put', named(buffer))
}

/** With the reservation lock held. */
export function* pin(m: Machine, thread: Thread, attachment: Attachment): Running<boolean> {
  const { buffer, importer, pointer } = attachment
  const errno = buffer.exporter.refusesPin()
  const fields = { ino: buffer.ino, dmabuf: buffer.pointer, attach: pointer, ret: -errno }
  yield* enter(m, thread, { fn: 'dma_buf_pin', fields })
  if (errno === 0) {
    attachment.pins++
    attachment.everPinned = true
  }
  yield* leave(m, thread, { fn: 'dma_buf_pin', caller: importer.pins, fields })
  return errno === 0
}

export function* unpin(m: Machine, thread: Thread, attachment: Attachment): Running {
  attachment.pins--
  yield* enter(m, thread, {
    fn: 'dma_buf_unpin',
    fields: { ino: attachment.buffer.ino, dmabuf: attachment.buffer.pointer, attach: attachment.pointer },
  })
}

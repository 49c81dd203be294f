import { unmapLatency } from '../domain/evolve/mappings.ts'
import type { AttachmentRow, BufferRow, MappingRow, ResetRow, RevocationRow } from '../domain/read-model.ts'
import { u64 } from '../domain/recognise/pointer.ts'
import type { Attachment, Buffer, Mapping, Reset, Revocation } from '../domain/world/entities.ts'

export function bufferRow(buffer: Buffer): BufferRow {
  return {
    id: buffer.id,
    ino: u64(buffer.ino),
    exporter: buffer.exporter,
    exporterDevice: buffer.exporterDevice,
    size: u64(buffer.size),
    state: buffer.state,
    exportedNs: buffer.exported?.ns ?? null,
    releasedNs: buffer.released?.ns ?? null,
    revocations: buffer.revocationCount,
    attachments: buffer.attachmentCount,
    mappings: buffer.mappingCount,
    findings: buffer.findingCount,
  }
}

export function attachmentRow(attachment: Attachment): AttachmentRow {
  return {
    id: attachment.id,
    buffer: attachment.buffer?.id ?? null,
    ino: u64(attachment.buffer?.ino ?? null),
    attachment: attachment.pointer ?? attachment.hashed,
    importerDevice: attachment.device,
    class: attachment.class,
    deferred: attachment.deferred,
    callback: attachment.callback,
    p2p: attachment.p2p,
    basis: attachment.basis,
    attachedNs: attachment.attached?.ns ?? null,
    detachedNs: attachment.detached?.ns ?? null,
    refusedErrno: attachment.refusedErrno,
    pinned: attachment.pinned,
    invalidations: attachment.invalidations,
  }
}

export function mappingRow(mapping: Mapping): MappingRow {
  return {
    id: mapping.id,
    buffer: mapping.buffer?.id ?? null,
    attachmentId: mapping.attachment?.id ?? null,
    ino: u64(mapping.buffer?.ino ?? null),
    attachment: mapping.attachment?.pointer ?? mapping.attachment?.hashed ?? null,
    importerDevice: mapping.attachment?.device ?? null,
    direction: mapping.direction,
    iova: mapping.iova,
    length: mapping.length,
    mappedNs: mapping.mapped?.ns ?? null,
    unmappedNs: mapping.unmapped?.ns ?? null,
    unmappedComm: mapping.unmapped ? mapping.unmappedComm : null,
    unmappedPid: mapping.unmapped ? mapping.unmappedPid : null,
    endedBy: mapping.endedBy,
    liveAtReset: mapping.liveAtReset,
    unmapLatencyNs: unmapLatency(mapping),
  }
}

export function revocationRow(revocation: Revocation): RevocationRow {
  const { requested, completed } = revocation
  return {
    id: revocation.id,
    buffer: revocation.buffer.id,
    ino: u64(revocation.buffer.ino),
    exporterDevice: revocation.buffer.exporterDevice,
    cause: revocation.cause,
    requestedNs: requested.ns,
    notifiedNs: revocation.notified?.ns ?? null,
    fencesNs: revocation.fences?.ns ?? null,
    unmappedNs: revocation.unmapped?.ns ?? null,
    completedNs: completed?.ns ?? null,
    restoredNs: revocation.restored?.ns ?? null,
    permanent: revocation.permanent,
    slowestImporter: revocation.slowest?.device ?? null,
    blockedNs: completed ? completed.ns - requested.ns : null,
    verdict: revocation.verdict,
  }
}

export function resetRow(reset: Reset): ResetRow {
  return {
    id: reset.id,
    device: reset.device,
    method: reset.method,
    trigger: reset.trigger,
    startedNs: (reset.disabled ?? reset.first).ns,
    finishedNs: reset.finished?.ns ?? null,
    result: reset.result,
    buffers: reset.buffers.size,
    mappingsLive: reset.live.size,
    verdict: reset.verdict,
  }
}

import type { Capture } from '../../log/captures.ts'
import type { AttachmentAt, BufferAt, DeviceAt, FenceAt, MappingAt, RevocationAt } from './rows.ts'
import type { StateAt } from './state-at.ts'
import type { Trust } from './trust.ts'

/**
 * What `state --json` prints and `GET /v1/buffers/{capture}/{ino}/state` answers. 64-bit integers are decimal strings,
 * pointers and IOVAs as in the queries; unknown is null.
 */
export function stateDocument({ name }: Pick<Capture, 'name'>, state: StateAt) {
  const { capture, at, events, position, trust, buffers, devices, attachments } = state
  return {
    capture,
    name,
    at_ns: String(at),
    events,
    position: position === null ? null : String(position),
    trust: trustDocument(trust),
    devices: devices.map(deviceDocument),
    buffers: buffers.map((buffer) => bufferDocument(buffer, at)),
    attachments: attachments.map((attachment) => attachmentDocument(attachment, at)),
  }
}

function text(value: bigint | null): string | null {
  return value === null ? null : String(value)
}

/** How long ago that was. */
function since(from: bigint | null, at: bigint): string | null {
  return from === null ? null : String(at - from)
}

function trustDocument({ open, before, firstNs, lastNs, complete, tier }: Trust) {
  return {
    gaps: open.map(({ cpu, fromNs, toNs, lost, reason }) => ({
      cpu,
      from_ns: text(fromNs),
      to_ns: text(toNs),
      lost: text(lost),
      reason,
    })),
    gaps_before: before,
    first_ns: text(firstNs),
    last_ns: text(lastNs),
    complete,
    tier,
  }
}

function deviceDocument({ device, pointer, revoked, moving, closing, reset, buffers }: DeviceAt) {
  return {
    device,
    pointer,
    revoked,
    moving,
    closing,
    reset: reset && {
      reset: reset.id,
      method: reset.method,
      trigger: reset.trigger,
      phase: reset.phase,
      started_ns: String(reset.startedNs),
      touched_ns: text(reset.touchedNs),
      within: reset.within,
    },
    buffers,
  }
}

function bufferDocument(buffer: BufferAt, at: bigint) {
  return {
    buffer: buffer.id,
    ino: text(buffer.ino),
    exporter: buffer.exporter,
    exporter_device: buffer.exporterDevice,
    size: text(buffer.size),
    state: buffer.state,
    since_ns: text(buffer.sinceNs),
    exported_ns: text(buffer.exportedNs),
    released_ns: text(buffer.releasedNs),
    replaced: buffer.replaced,
    revocation: buffer.revocation && revocationDocument(buffer.revocation),
    attachments: buffer.attachments.map((attachment) => attachmentDocument(attachment, at)),
    mappings: buffer.mappings.map((mapping) => mappingDocument(mapping, at)),
    fences: buffer.fences.map((fence) => fenceDocument(fence, at)),
  }
}

function revocationDocument(revocation: RevocationAt) {
  return {
    revocation: revocation.id,
    cause: revocation.cause,
    phase: revocation.phase,
    permanent: revocation.permanent,
    requested_ns: String(revocation.requestedNs),
    notified_ns: text(revocation.notifiedNs),
    fences_ns: text(revocation.fencesNs),
    unmapped_ns: text(revocation.unmappedNs),
    completed_ns: text(revocation.completedNs),
    waiting_for: revocation.waitingFor.map(({ attachment, importerDevice, mappings }) => ({
      attachment,
      importer_device: importerDevice,
      mappings,
    })),
  }
}

function attachmentDocument(attachment: AttachmentAt, at: bigint) {
  return {
    id: attachment.id,
    attachment: attachment.attachment,
    importer_device: attachment.importerDevice,
    class: attachment.class,
    basis: attachment.basis,
    deferred: attachment.deferred,
    callback: attachment.callback,
    p2p: attachment.p2p,
    attached_ns: text(attachment.attachedNs),
    comm: attachment.comm,
    pid: attachment.pid,
    pinned: attachment.pinned,
    invalidations: attachment.invalidations,
    mappings: attachment.mappings.map((mapping) => mappingDocument(mapping, at)),
  }
}

function mappingDocument(mapping: MappingAt, at: bigint) {
  return {
    mapping: mapping.id,
    iova: text(mapping.iova),
    length: text(mapping.length),
    direction: mapping.direction,
    mapped_ns: text(mapping.mappedNs),
    mapped_for_ns: since(mapping.mappedNs, at),
    told_ns: text(mapping.toldNs),
    told_for_ns: since(mapping.toldNs, at),
    unmapping_ns: text(mapping.unmappingNs),
  }
}

function fenceDocument({ context, seqno, addedNs, awaited, shared }: FenceAt, at: bigint) {
  return { context, seqno, added_ns: String(addedNs), added_for_ns: since(addedNs, at), awaited, shared }
}

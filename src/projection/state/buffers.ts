import { u64 } from '../../domain/recognise/pointer.ts'
import type { Attachment, Buffer, Mapping, Revocation } from '../../domain/world/entities.ts'
import type { Fence } from '../../domain/world/fence.ts'
import type { World } from '../../domain/world/world.ts'
import type { AttachmentAt, BufferAt, FenceAt, MappingAt, RevocationAt, RevocationPhase } from './rows.ts'

/** Buffers that are there, or that somebody is still attached to; of an `ino` whose buffers are all gone, the latest. */
export function buffersOf(world: World, ino: bigint | null): BufferAt[] {
  const found = new Set(world.unreleased)
  for (const { buffer } of world.orphans) if (buffer) found.add(buffer)
  for (const buffer of world.graveyard) if (buffer.attachments.size > 0 || buffer.mappings.size > 0) found.add(buffer)
  const wanted = ino === null ? [...found] : ofNumber(world, found, String(ino))
  return wanted.sort((a, b) => a.id - b.id).map((buffer) => bufferAt(world, buffer))
}

function ofNumber(world: World, found: Set<Buffer>, ino: string): Buffer[] {
  const there = [...found].filter((buffer) => buffer.ino === ino)
  const latest = world.buffersByIno.get(ino) ?? world.graveyard.findLast((buffer) => buffer.ino === ino)
  return there.length === 0 && latest ? [latest] : there
}

function bufferAt(world: World, buffer: Buffer): BufferAt {
  const { revocation } = buffer
  return {
    id: buffer.id,
    ino: u64(buffer.ino),
    exporter: buffer.exporter,
    exporterDevice: buffer.exporterDevice,
    size: u64(buffer.size),
    state: buffer.state,
    sinceNs:
      buffer.state === 'unknown' || (buffer.state === 'live' && !wasSeenToBegin(buffer)) ? null : buffer.since.ns,
    exportedNs: buffer.exported?.ns ?? null,
    releasedNs: buffer.released?.ns ?? null,
    replaced: !buffer.released && !buffer.missed && isReplaced(world, buffer),
    revocation: revocation && !revocation.restored ? revocationAt(revocation) : null,
    attachments: attachmentsOf(buffer).map(attachmentAt),
    mappings: [...buffer.mappings].filter(({ attachment }) => !attachment).map(mappingAt),
    fences: [...buffer.fences].map(fenceAt),
  }
}

/** A buffer older than the trace that is live may have been so for ever. */
function wasSeenToBegin({ exported, revocation, restoring }: Buffer): boolean {
  return exported !== null || revocation !== null || restoring !== null
}

function isReplaced(world: World, buffer: Buffer): boolean {
  const { ino, dmabuf } = buffer
  if (ino !== null) return world.buffersByIno.get(ino) !== buffer
  return dmabuf !== null && world.buffersByPointer.get(dmabuf) !== buffer
}

/** An attachment that only its mappings have shown is one all the same. */
function attachmentsOf(buffer: Buffer): Attachment[] {
  const all = new Set(buffer.attachments)
  for (const { attachment } of buffer.mappings) if (attachment) all.add(attachment)
  return [...all].sort((a, b) => a.id - b.id)
}

/** Open attachments of which no event names the buffer. */
export function strayAttachments(world: World): AttachmentAt[] {
  const all = new Set([...world.attachmentsByPointer.values(), ...world.attachmentsByHash.values()])
  const open = [...all].filter(
    ({ buffer, detached, refusedErrno, attached, mappings }) =>
      buffer === null && detached === null && refusedErrno === null && (attached !== null || mappings.size > 0),
  )
  return open.sort((a, b) => a.id - b.id).map(attachmentAt)
}

function attachmentAt(attachment: Attachment): AttachmentAt {
  return {
    id: attachment.id,
    attachment: attachment.pointer ?? attachment.hashed,
    importerDevice: attachment.device,
    class: attachment.class,
    basis: attachment.basis,
    deferred: attachment.deferred,
    callback: attachment.callback,
    p2p: attachment.p2p,
    attachedNs: attachment.attached?.ns ?? null,
    comm: attachment.comm || null,
    pid: attachment.pid === null || attachment.pid < 0 ? null : attachment.pid,
    pinned: attachment.pinned,
    invalidations: attachment.invalidations,
    mappings: [...attachment.mappings].map(mappingAt),
  }
}

function mappingAt(mapping: Mapping): MappingAt {
  return {
    id: mapping.id,
    attachment: mapping.attachment?.id ?? null,
    iova: mapping.iova,
    length: mapping.length,
    direction: mapping.direction,
    mappedNs: mapping.mapped?.ns ?? null,
    toldNs: mapping.invalidated?.ns ?? null,
    unmappingNs: mapping.unmapEntered?.ns ?? null,
  }
}

function revocationAt(revocation: Revocation): RevocationAt {
  const waiting = new Map<Attachment | null, number>()
  for (const mapping of revocation.pending)
    if (!mapping.unmapped) waiting.set(mapping.attachment, (waiting.get(mapping.attachment) ?? 0) + 1)
  return {
    id: revocation.id,
    cause: revocation.cause,
    phase: phaseOf(revocation, waiting.size),
    permanent: revocation.permanent,
    requestedNs: revocation.requested.ns,
    notifiedNs: revocation.notified?.ns ?? null,
    fencesNs: revocation.fences?.ns ?? null,
    unmappedNs: revocation.unmapped?.ns ?? null,
    completedNs: revocation.completed?.ns ?? null,
    waitingFor: [...waiting].map(([attachment, mappings]) => ({
      attachment: attachment?.id ?? null,
      importerDevice: attachment?.device ?? null,
      mappings,
    })),
  }
}

/** An exporter waits for fences first, and then for unmaps; where neither shows, its call has only to return. */
function phaseOf(revocation: Revocation, waiting: number): RevocationPhase {
  if (revocation.completed) return 'complete'
  if (!revocation.notified && revocation.returns) return 'telling'
  if (!revocation.fences && revocation.buffer.fences.size > 0) return 'waiting-for-fences'
  if (waiting > 0) return 'waiting-for-unmaps'
  return revocation.kind === 'move' ? 'returning' : revocation.fences ? 'complete' : 'waiting-for-fences'
}

function fenceAt({ key, added, awaited, shared }: Fence): FenceAt {
  const [context, seqno] = key.split(':')
  return { context: context!, seqno: seqno!, addedNs: added.ns, awaited, shared }
}

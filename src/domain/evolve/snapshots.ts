import { isRevokingExporter } from '../exporters.ts'
import type { Attachment, Buffer } from '../world/entities.ts'
import type { Fence } from '../world/fence.ts'
import { createSnapshot, type Snapshot } from '../world/snapshot.ts'
import { setState, touch, type World } from '../world/world.ts'
import { createAttachment } from './attachment-identity.ts'
import { ensureBuffer, findBuffer, leaveUnseen } from './buffers.ts'
import type { Context } from './context.ts'
import { fenceKey } from './fences.ts'
import { noteSnapshot } from './notes.ts'
import { contradicts, disown } from './snapshot-doubts.ts'

/** `bufinfo_buffer`, `fdinfo_buffer`: it exists, and had not been released. */
export function onSnapshotBuffer(context: Context): void {
  const { world, act } = context
  let snapshot = snapshotOf(context, act.type === 'snapshot-buffer')
  if (snapshot.foreign) return
  const known = findBuffer(world, act)
  if (known && snapshot.counted && snapshot.buffers.has(known)) {
    // A list has each buffer once: another one has begun.
    endSnapshot(context)
    snapshot = snapshotOf(context, true)
  }
  const contradiction = known && contradicts(known, act)
  if (contradiction) return disown(context, snapshot, contradiction)
  const buffer = ensureBuffer(context)
  if (!buffer) return
  if (!buffer.snapshot && !buffer.traced) {
    snapshot.made.add(buffer)
    buffer.snapshot = snapshot
    // A snapshot does not say whether it was revoked.
    if (!isRevokingExporter(buffer.exporter)) setState(world, buffer, 'live')
  }
  snapshot.buffers.add(buffer)
}

/** A device on the list of a buffer is one attachment that is open; which one, where it has several, is not said. */
export function onSnapshotAttachment(context: Context): void {
  const { world, act } = context
  const snapshot = snapshotOf(context, true)
  const buffer = bufferOf(world, snapshot, act.ino)
  if (!buffer) return
  const attachment = unlisted(snapshot, buffer, act.device) ?? makeAttachment(world, snapshot, buffer, act.device)
  snapshot.listed.add(attachment)
  attachment.listed = world.now
  attachment.missed = null
  world.about.attachment = attachment
}

/** An open attachment that no line of this snapshot has stood for yet; one of unknown device may be any. */
function unlisted(snapshot: Snapshot, buffer: Buffer, device: string | null): Attachment | null {
  const open = [...buffer.attachments].filter((a) => !snapshot.listed.has(a))
  return open.find((a) => a.device === device) ?? open.find((a) => a.device === null) ?? null
}

function makeAttachment(world: World, snapshot: Snapshot, buffer: Buffer, device: string | null): Attachment {
  const attachment = createAttachment(world, buffer)
  attachment.device = device
  buffer.attachments.add(attachment)
  buffer.attachmentCount++
  // The device that iommufd attaches with never maps through the attachment.
  if (device !== 'iommu') buffer.mappable = true
  snapshot.attached.add(attachment)
  touch(world.changed.buffers, buffer)
  touch(world.changed.attachments, attachment)
  return attachment
}

/**
 * A fence that had not signalled. It guards this buffer or another one of the same reservation object, which the list
 * does not name. Before the trace begins it proves nothing: its signal would not be seen.
 */
export function onSnapshotFence(context: Context): void {
  const { world, act } = context
  const buffer = bufferOf(world, snapshotOf(context, true), act.ino)
  const key = fenceKey(act)
  if (!buffer || key === null || act.state !== '0' || world.window.first === null) return
  const known = world.fences.get(key) ?? []
  if (world.signalled.has(key) || known.some((fence) => fence.buffer === buffer)) return
  const fence: Fence = { key, buffer, added: world.now, signalled: null, awaited: false, shared: true }
  buffer.fences.add(fence)
  world.fences.set(key, [...known, fence])
}

/** The lines of a buffer, or all of them, are counted and complete: what is not among them was gone by then. */
export function onSnapshotTotal(context: Context): void {
  const { world, act } = context
  const snapshot = snapshotOf(context, true)
  if (act.detail === 'devices') {
    const buffer = bufferOf(world, snapshot, act.ino)
    for (const attachment of buffer?.attachments ?? [])
      if (!snapshot.listed.has(attachment)) attachment.missed = world.now
    return
  }
  world.snapshot = null
  if (act.detail !== 'buffers') return noteSnapshot(context, snapshot, CUT)
  // Rows that were not understood, or of no known inode number, may be of any buffer.
  if (snapshot.foreign || act.nents !== String(snapshot.buffers.size)) return
  for (const buffer of world.unreleased) {
    if (buffer.ino !== null && !snapshot.buffers.has(buffer)) leaveUnseen(world, buffer)
  }
}

/** The trace is over, and a snapshot is not. */
export function endSnapshot(context: Context): void {
  const { snapshot } = context.world
  context.world.snapshot = null
  if (snapshot?.counted) noteSnapshot(context, snapshot, CUT)
}

const CUT = 'a snapshot has no total that fits its lines: buffers may be missing from it'

/** The snapshot that this line belongs to: where times are known, all of its lines have one. */
function snapshotOf(context: Context, counted: boolean): Snapshot {
  const { world } = context
  const { snapshot } = world
  if (snapshot && snapshot.counted === counted && (world.ticks || snapshot.at.ns === world.now.ns)) return snapshot
  endSnapshot(context)
  const begun = createSnapshot(world.now, counted)
  world.snapshot = begun
  return begun
}

function bufferOf(world: World, snapshot: Snapshot, ino: string | null): Buffer | null {
  const buffer = ino === null ? undefined : world.buffersByIno.get(ino)
  if (!buffer || !snapshot.buffers.has(buffer)) return null
  world.about.buffer = buffer
  return buffer
}

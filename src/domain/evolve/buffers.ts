import type { Act } from '../act.ts'
import type { ActType } from '../act-type.ts'
import { errnoOfNumber, isAddress } from '../recognise/pointer.ts'
import type { Buffer } from '../world/entities.ts'
import { setState, touch, type World } from '../world/world.ts'
import type { Context } from './context.ts'
import { dropFences, giveReservation, leaveReservation } from './fences.ts'
import { trustTrace } from './snapshot-doubts.ts'
import { assignVfio, isVfioExporter, vfioDevice } from './vfio-devices.ts'

/** The buffer an act is about: by inode number, else by the pointer of its `dma_buf`. Null where neither names one. */
export function findBuffer(world: World, act: Act): Buffer | null {
  const there = act.dmabuf === null ? undefined : world.buffersByPointer.get(act.dmabuf)
  if (act.ino === null) return there ?? null
  // A buffer first met through probes without its inode.
  return world.buffersByIno.get(act.ino) ?? (there?.ino === null ? there : null)
}

/** As `findBuffer`, but a buffer older than the trace is made known. */
export function ensureBuffer(context: Context): Buffer | null {
  const { world, act } = context
  const known = findBuffer(world, act)
  if (known && !trustTrace(context, known)) {
    learn(context, known)
    return known
  }
  if (act.ino === null && !isAddress(act.dmabuf)) return null
  if (act.ino !== null && !/^\d{1,20}$/.test(act.ino)) return null
  const buffer = createBuffer(world, act.ino)
  if (act.type !== 'export' && world.older.length < REMEMBERED) world.older.push(buffer)
  learn(context, buffer)
  return buffer
}

function createBuffer(world: World, ino: string | null): Buffer {
  const buffer: Buffer = {
    id: world.counts.buffers++,
    dirty: false,
    ino,
    dmabuf: null,
    resv: null,
    exporter: null,
    module: null,
    exporterDevice: null,
    vfio: null,
    size: null,
    state: 'unknown',
    since: world.now,
    first: world.now,
    snapshot: null,
    traced: false,
    missed: null,
    exported: null,
    released: null,
    dead: false,
    revocation: null,
    restoring: null,
    bornRevoked: false,
    sources: [],
    attachments: new Set(),
    mappings: new Set(),
    fences: new Set(),
    lately: [],
    signalled: null,
    mapped: null,
    mappable: false,
    resetAfterInvalidate: false,
    lastReset: null,
    revocationCount: 0,
    attachmentCount: 0,
    mappingCount: 0,
    findingCount: 0,
  }
  if (ino !== null) world.buffersByIno.set(ino, buffer)
  world.unreleased.add(buffer)
  touch(world.changed.buffers, buffer)
  return buffer
}

const SNAPSHOT_ACTS: ReadonlySet<ActType> = new Set(['snapshot-buffer', 'snapshot-holder'])

/** Takes over what the act shows of a buffer that was not known yet. */
function learn({ world, act }: Context, buffer: Buffer): void {
  world.about.buffer = buffer
  if (buffer.released) return
  if (!buffer.traced && !SNAPSHOT_ACTS.has(act.type)) beginTraced(world, buffer)
  if (buffer.missed) foundAgain(world, buffer)
  if (buffer.ino === null && act.ino !== null) {
    buffer.ino = act.ino
    world.buffersByIno.set(act.ino, buffer)
    touch(world.changed.buffers, buffer)
  }
  if (isAddress(act.dmabuf)) {
    buffer.dmabuf = act.dmabuf
    world.buffersByPointer.set(act.dmabuf, buffer)
  }
  if (isAddress(act.resv)) giveReservation(world, buffer, act.resv)
  if (buffer.exporter === null && act.exporter !== null) {
    buffer.exporter = act.exporter
    fileHomeless(world, buffer)
    touch(world.changed.buffers, buffer)
  }
  if (buffer.size === null && act.size !== null) {
    buffer.size = act.size
    touch(world.changed.buffers, buffer)
  }
}

function fileHomeless(world: World, buffer: Buffer): void {
  if (isVfioExporter(buffer.exporter) && buffer.exporterDevice === null) world.homeless.add(buffer)
}

/** From here on the trace itself speaks of it. */
function beginTraced(world: World, buffer: Buffer): void {
  buffer.traced = true
  buffer.first = world.now
  world.counts.traced++
}

/** `dma_buf_export()`: its return probe, the native event, or both. */
export function onExport(context: Context): void {
  const { world, act, task } = context
  if (act.dmabuf !== null && !isAddress(act.dmabuf)) return
  const source = world.record.name + act.point
  const known = findBuffer(world, act)
  if (known && (known.released || known.sources.includes(source) || isOlder(known, act))) forget(world, known)
  const buffer = ensureBuffer(context)
  if (!buffer) return
  buffer.sources.push(source)
  if (!buffer.exported) {
    buffer.exported = world.now
    setState(world, buffer, 'live')
  }
  buffer.module ??= act.callerModule
  touch(world.changed.buffers, buffer)
  task.exported = buffer
}

/** Its address is all that the two have in common, and nobody sees a buffer before its export. */
function isOlder(known: Buffer, { ino }: Act): boolean {
  return known.exported === null && (ino === null || known.ino === null)
}

/** The inode number or pointer is used again: the old buffer's end was not seen. */
export function forget(world: World, buffer: Buffer): void {
  dropName(world.buffersByIno, buffer.ino, buffer)
  dropName(world.buffersByPointer, buffer.dmabuf, buffer)
  dropFromDevice(world, buffer)
}

/** Another buffer may bear the name by now. */
function dropName(named: Map<string, Buffer>, name: string | null, buffer: Buffer): void {
  if (name !== null && named.get(name) === buffer) named.delete(name)
}

/** `vfio_pci_core_feature_dma_buf()` returns to the ioctl whose thread exported just before: that names the device. */
export function onDeviceExport(context: Context): void {
  const { world, act, task } = context
  const device = vfioDevice(world, act)
  if (act.point !== 'return') return
  world.about.buffer = task.exported
  // A call that failed left nothing: what the thread had exported before is another driver's.
  const failed = errnoOfNumber(act.ret ?? act.fd ?? '') !== null
  if (task.exported && device && !failed) assignVfio(world, task.exported, device)
  task.exported = null
}

/** `dma_buf_file_release()`, `dma_buf_release()`: the only events that mean the end; `dma_buf_put` does not. */
export function onRelease(context: Context): void {
  const { world, act } = context
  const buffer = act.ino !== null ? ensureBuffer(context) : findBuffer(world, act)
  if (!buffer) return
  world.about.buffer = buffer
  if (buffer.released) return
  buffer.released = world.now
  setState(world, buffer, 'released')
  touch(world.changed.buffers, buffer)
  context.tell('released', { buffer })
  world.unreleased.delete(buffer)
  dropName(world.buffersByPointer, buffer.dmabuf, buffer)
  leaveReservation(world, buffer)
  dropFences(world, buffer)
  dropFromDevice(world, buffer)
  retire(world, buffer)
}

/** A complete snapshot does not show it: it was released before, unseen. */
export function leaveUnseen(world: World, buffer: Buffer): void {
  buffer.missed = world.now
  setState(world, buffer, 'released')
  world.unreleased.delete(buffer)
  for (const attachment of buffer.attachments) world.orphans.add(attachment)
  dropFromDevice(world, buffer)
  touch(world.changed.buffers, buffer)
}

/** It was not gone: the snapshot is older than was said. */
export function foundAgain(world: World, buffer: Buffer): void {
  buffer.missed = null
  setState(world, buffer, 'unknown')
  world.unreleased.add(buffer)
  for (const attachment of buffer.attachments) world.orphans.delete(attachment)
  if (buffer.exporterDevice !== null) world.buffersByDevice.get(buffer.exporterDevice)?.add(buffer)
  buffer.vfio?.buffers.add(buffer)
  fileHomeless(world, buffer)
  touch(world.changed.buffers, buffer)
}

const REMEMBERED = 8192

/** Released buffers stay known for a while, for events that come after; then they go, so that memory stays bounded. */
function retire(world: World, buffer: Buffer): void {
  const graveyard = world.graveyard
  graveyard.push(buffer)
  if (graveyard.length <= REMEMBERED) return
  for (const old of graveyard.splice(0, REMEMBERED / 2)) dropName(world.buffersByIno, old.ino, old)
}

function dropFromDevice(world: World, buffer: Buffer): void {
  world.homeless.delete(buffer)
  buffer.vfio?.buffers.delete(buffer)
  if (buffer.exporterDevice !== null) world.buffersByDevice.get(buffer.exporterDevice)?.delete(buffer)
}

/** `get`, `fd`, CPU maps and the like: the buffer exists. `put` may print a freed one's bytes (7.0), so it proves nothing. */
export function onMention(context: Context): void {
  const { world, act } = context
  if (act.type === 'put') world.about.buffer = findBuffer(world, act)
  else ensureBuffer(context)
}

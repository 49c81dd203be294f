import type { ActType } from '../act-type.ts'
import { UNKNOWN } from '../record.ts'
import { dropCalls, forgetCalls } from '../world/task.ts'
import type { World } from '../world/world.ts'
import { knownAttachment } from './attachment-identity.ts'
import { onAttach } from './attachments.ts'
import { onDeviceExport, onExport, onMention, onRelease } from './buffers.ts'
import type { Context } from './context.ts'
import { onDetach } from './detachments.ts'
import { onDeviceError } from './device-loss.ts'
import { onFence, onReservationAdd, onReservationWait } from './fences.ts'
import { INVALIDATE_CALLS } from './invalidate-calls.ts'
import { onIommuMap, onIommuUnmap } from './iommu.ts'
import { endSplat, onAccess, onConsole, onFault } from './kernel-log.ts'
import { onMap } from './map-calls.ts'
import { onCleanup, onClose, onMove, settle } from './moves.ts'
import { onNoThread } from './notes.ts'
import { onPin, onUnpin } from './pins.ts'
import { leaveBehind, onReset } from './resets.ts'
import { onInvalidate } from './revocations.ts'
import { onSnapshotAttachment, onSnapshotBuffer, onSnapshotFence, onSnapshotTotal } from './snapshots.ts'
import { goOn, INSIDE_UNMAP, settleUnmap } from './unfinished-unmaps.ts'
import { onUnmap } from './unmap-calls.ts'
import { vfioDevice } from './vfio-devices.ts'

/** What each kind of act does to the world. */
const STEPS: Partial<Record<ActType, (context: Context) => void>> = {
  export: onExport,
  fd: onMention,
  get: onMention,
  put: onMention,
  'cpu-map': onMention,
  'cpu-access': onMention,
  release: onRelease,
  attach: onAttach,
  detach: onDetach,
  pin: onPin,
  unpin: onUnpin,
  map: onMap,
  unmap: onUnmap,
  invalidate: onInvalidate,
  'importer-callback': onImporterCallback,
  'device-move': onMove,
  'device-cleanup': onCleanup,
  'device-close': onClose,
  'device-export': onDeviceExport,
  zap: (context) => void vfioDevice(context.world, context.act),
  'reservation-wait': onReservationWait,
  'reservation-add': onReservationAdd,
  fence: onFence,
  reset: onReset,
  'iommu-map': onIommuMap,
  'iommu-unmap': onIommuUnmap,
  fault: onFault,
  access: onAccess,
  splat: onConsole,
  console: onConsole,
  process: onProcess,
  'device-error': onDeviceError,
  power: onPower,
  'snapshot-buffer': onSnapshotBuffer,
  'snapshot-holder': onSnapshotBuffer,
  'snapshot-attachment': onSnapshotAttachment,
  'snapshot-fence': onSnapshotFence,
  'snapshot-total': onSnapshotTotal,
}

/** Acts that happen inside a reset, or beside it in the same thread, without ending it. */
const WITHIN_RESET: ReadonlySet<ActType> = new Set([
  'reset',
  'console',
  'splat',
  'fault',
  'power',
  'iommu-domain',
  'marker',
  'other',
  'device-error',
])

/** Acts that show a thread to have left a move whose return is not probed. */
const AFTER_MOVE: ReadonlySet<ActType> = new Set([
  'reset',
  'export',
  'get',
  'put',
  'attach',
  'map',
  'device-export',
  'release',
])

/** Acts that no importer's callback does: an invalidate that its thread entered before is over, though its return is not probed. */
const OUTSIDE_INVALIDATE: ReadonlySet<ActType> = new Set([
  'reset',
  'export',
  'fd',
  'get',
  'attach',
  'map',
  'detach',
  'device-move',
  'device-cleanup',
  'device-export',
  'release',
])

export function evolve(context: Context): void {
  const { world, act, task } = context
  const { type } = act
  if (act.point !== 'event' && task.unknown) onNoThread(context)
  if (task.unmapping && !INSIDE_UNMAP.has(type)) goOn(context, task)
  if (task.reset && !WITHIN_RESET.has(type)) leaveBehind(context, task.reset)
  if (task.splat?.lone && type !== 'console' && type !== 'splat') endSplat(context, task)
  if (task.move && !task.move.returned && AFTER_MOVE.has(type) && !world.returning.has('vfio_pci_dma_buf_move'))
    settle(context, task.move)
  if (task.calls.length > 0 && OUTSIDE_INVALIDATE.has(type)) dropCalls(task, INVALIDATE_CALLS)
  world.returningBefore = true
  if (act.fresh) note(context)
  STEPS[type]?.(context)
}

/** What kinds of event this trace shows, and of which functions it shows the return. */
function note({ world, act }: Context): void {
  world.seen.add(act.type)
  if (act.fn === null || act.point === 'event') return
  world.functions.add(act.fn)
  if (act.point === 'entry') world.functions.add(`${act.fn}%entry`)
  if (act.point !== 'return') return
  world.returningBefore = world.returning.has(act.fn)
  world.returning.add(act.fn)
  world.functions.add(`${act.fn}%return`)
}

/** The exporter's call reached this importer. */
function onImporterCallback({ world, act }: Context): void {
  const attachment = knownAttachment(world, act.attach, null)
  if (!attachment) return
  world.about.attachment = attachment
  world.about.buffer = attachment.buffer
}

function onPower({ world, act }: Context): void {
  world.about.device = act.device
}

/** A process that exits lets go of what it holds soon after; whatever is still open much later has leaked. */
function onProcess(context: Context): void {
  const { world, act } = context
  if (act.detail !== 'sched_process_exit' || act.state === null) return
  const { tgid } = world.record
  const dead = GROUP_DEAD.exec(act.text ?? '')?.[1]
  const pid = Number(act.state)
  endTask(context, pid)
  // One thread of several: what it attached is the process's.
  if (dead !== undefined && !isTrue(dead)) return
  exit(world, pid)
  if (dead !== undefined && tgid !== UNKNOWN) exit(world, tgid)
}

function exit({ exits, record, now }: World, pid: number): void {
  const comm = record.pid === pid && record.comm !== '' ? record.comm : null
  const known = exits.get(pid)
  if (known) known.push({ at: now, comm })
  else exits.set(pid, [{ at: now, comm }])
}

/** Its calls are over, and none of their returns will come: the next task with this pid is another one. */
function endTask(context: Context, pid: number): void {
  const task = context.world.tasks.get(pid)
  if (!task) return
  if (task.unmapping) settleUnmap(context, task.unmapping.mapping)
  forgetCalls(task)
}

/** Since 6.16 `sched_process_exit` says whether it was the last thread of its process. */
const GROUP_DEAD = /\bgroup_dead=(\w+)/

function isTrue(printed: string): boolean {
  return printed !== 'false' && printed !== '0' && printed !== '0x0'
}

import { isRevokingExporter } from '../exporters.ts'
import { judgeNeeds, judgeReset, judgeRevocation } from '../findings.ts'
import type { Buffer, Reset, Revocation } from '../world/entities.ts'
import { type Move, openCall } from '../world/task.ts'
import { describeGap, faultGapBetween, gapBetween } from '../world/window.ts'
import { touch, type World } from '../world/world.ts'
import type { Context } from './context.ts'
import { endSplat } from './kernel-log.ts'
import { bury, CLEANUP, settle } from './moves.ts'
import { closeGaps } from './notes.ts'
import { TEXT } from './reset-text.ts'
import { judge } from './resets.ts'
import { endSnapshot } from './snapshots.ts'
import { goOn } from './unfinished-unmaps.ts'
import { unseenInReset, unseenInRevocation } from './unseen-kinds.ts'
import { isVfioExporter } from './vfio-devices.ts'

/** The capture is at its end: what only the whole of it can tell is judged now. */
export function onEnd(context: Context): void {
  const { world } = context
  endSnapshot(context)
  closeGaps(context)
  for (const task of world.tasks.values()) goOn(context, task)
  for (const task of world.tasks.values()) {
    // A close that hangs is no less a close.
    if (task.closing && openCall(task, CLEANUP)) bury(context, task.closing)
  }
  for (const task of world.tasks.values()) {
    endSplat(context, task)
    if (task.move && isRestored(world, task.move)) settle(context, task.move)
    if (task.move && !task.move.returned) for (const revocation of task.move.revocations) revocation.doubt ??= NOT_OVER
  }
  for (const reset of world.resets) judge(context, reset)
  context.tell('ended', { at: world.now })
  judgeNeeds(world)
  for (const revocation of world.revocations) concludeRevocation(world, revocation)
  const opened = new Map<string | null, Reset>()
  for (const reset of world.resets) {
    concludeReset(world, reset, opened.get(reset.device))
    if (reset.trigger === 'open') opened.set(reset.device, reset)
  }
}

/** A restore is over although its thread did nothing more: its return is not probed. One that could return may hang. */
function isRestored(world: World, { revoking, returned }: Move): boolean {
  return !revoking && !returned && !world.returning.has('vfio_pci_dma_buf_move')
}

function concludeRevocation(world: World, revocation: Revocation): void {
  // An exporter that was never seen to reset after it told its importers only moves its buffers.
  const { buffer } = revocation
  if (
    revocation.kind === 'invalidate' &&
    revocation.cause === 'unknown' &&
    !isRevokingExporter(buffer.exporter) &&
    !buffer.resetAfterInvalidate
  ) {
    revocation.cause = 'move'
    touch(world.changed.revocations, revocation)
  }
  // While it lasts, nobody may map or attach.
  const gap = gapBetween(
    world.window,
    buffer.exported?.ns ?? null,
    (revocation.restored ?? buffer.released)?.ns ?? null,
  )
  const faults = faultGapBetween(world.window, revocation.invalidated.ns, null)
  revocation.unsure = gap
    ? describeGap(gap)
    : (openEnds(world, revocation) ?? revocation.doubt ?? (faults && describeGap(faults)))
  judgeRevocation(world, revocation)
}

const NOT_OVER = 'the trace ends before it is over'

function openEnds(world: World, revocation: Revocation): string | null {
  const { buffer, pending } = revocation
  if (pending.size > 0) return 'mappings were still live when the trace ended'
  if (revocation.cause === 'move' && world.resets.some((reset) => mayFollow(reset, revocation)))
    return 'no event names the device that was reset after it'
  const unseen = unseenInRevocation(world, revocation)
  if (unseen) return unseen
  if (revocation.notified === null && revocation.returns) return NOT_OVER
  return buffer.exported ? null : 'the buffer is older than the trace: who had it mapped is not known'
}

/** A reset that may be what the importers were told to let go for. */
function mayFollow({ ofAnybody, touched }: Reset, { requested, restored }: Revocation): boolean {
  return ofAnybody && touched !== null && touched.ns >= requested.ns && (restored === null || touched.ns < restored.ns)
}

/**
 * A reset is clean where the events cover its device from before its first buffer until it is over. At open the device
 * has none.
 */
function concludeReset(world: World, reset: Reset, opened: Reset | undefined): void {
  reset.unsure = (reset.trigger === 'open' ? null : doubtOf(world, reset, opened)) ?? reset.doubt
  judgeReset(world, reset)
}

function doubtOf(world: World, reset: Reset, opened: Reset | undefined): string | null {
  const gap = gapBetween(world.window, opened?.first.ns ?? null, isOver(reset) ? reset.finished!.ns : null)
  if (gap) return describeGap(gap)
  const { recordedFrom } = world.window
  if (recordedFrom !== null && (reset.touched ?? reset.first).ns <= recordedFrom)
    return 'only the kernel log tells of it: the dump of the trace begins later'
  const unseen = unseenInReset(world, reset)
  if (unseen) return unseen
  if (isCutShort(world, reset)) return NOT_OVER
  if (reset.bridge && reset.doubtful.size > 0) return `no event says what is below the bridge ${reset.device}`
  if (reset.doubtful.size > 0) return 'no event names the device that exported these buffers'
  if (reset.ofAnybody) return 'no event names the device that was reset, and buffers were exported'
  if (opened) return null
  const older = world.older.find(
    (b) => b.exported === null && (reset.buffers.has(b) || reset.doubtful.has(b) || mayBeOf(b, reset)),
  )
  if (older) return `buffer ${older.ino ?? older.dmabuf} is older than the trace: who had it mapped is not known`
  return sawBuffers(world) ? null : 'nothing of dma-buf is in this trace, and the device was opened before it began'
}

/** A buffer first seen after the reset, and yet not exported after it. */
function mayBeOf(buffer: Buffer, reset: Reset): boolean {
  if (buffer.exporter !== null && !isVfioExporter(buffer.exporter)) return false
  return reset.device === null || buffer.exporterDevice === null || buffer.exporterDevice === reset.device
}

/** The outermost return was seen: what is only the end of a step within it is not. */
function isOver({ finished, frames }: Reset): boolean {
  return finished !== null && frames.length === 0
}

/** Its end would have shown. */
function isCutShort({ returning }: World, { frames }: Reset): boolean {
  const around = frames[0]?.fn
  return around !== undefined && (around === TEXT || returning.has(around))
}

function sawBuffers(world: World): boolean {
  return world.counts.traced > 0 || world.seen.has('device-move') || world.seen.has('device-cleanup')
}

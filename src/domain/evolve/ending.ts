import { judgeNeeds, judgeReset, judgeRevocation } from '../findings.ts'
import type { Reset, Revocation } from '../world/entities.ts'
import { describeGap, gapBetween } from '../world/window.ts'
import { touch, type World } from '../world/world.ts'
import type { Context } from './context.ts'
import { endSplat } from './kernel-log.ts'
import { closeGaps } from './notes.ts'
import { judge } from './resets.ts'
import { isRevokingExporter } from './vfio-devices.ts'

/** The capture is at its end: what only the whole of it can tell is judged now. */
export function onEnd(context: Context): void {
  const { world } = context
  closeGaps(context)
  endSplat(context, false)
  for (const reset of world.resets) judge(context, reset)
  context.tell('ended', { at: world.now })
  judgeNeeds(world)
  for (const revocation of world.revocations) concludeRevocation(world, revocation)
  for (const reset of world.resets) concludeReset(world, reset)
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
  const gap = gapBetween(
    world.window,
    revocation.requested.ns,
    (revocation.restored ?? revocation.completed ?? world.now).ns,
  )
  revocation.unsure = gap
    ? describeGap(gap)
    : revocation.pending.size > 0
      ? 'mappings were still live when the trace ended'
      : null
  judgeRevocation(world, revocation)
}

/**
 * A reset is clean where the events cover its device from before its first buffer. At open the device has none, and
 * after the close they are dead, whatever came before.
 */
function concludeReset(world: World, reset: Reset): void {
  if (reset.trigger !== 'open' && reset.trigger !== 'close') {
    const opened = world.resets.findLast((r) => r.device === reset.device && r.trigger === 'open' && r.id < reset.id)
    const gap = gapBetween(world.window, opened?.first.ns ?? null, (reset.touched ?? reset.first).ns)
    if (gap) reset.unsure = describeGap(gap)
    else if ((reset.attached || reset.doubtfullyAttached) && !world.seen.has('map'))
      reset.unsure = 'no map event in this trace: was its probe set?'
    else if (reset.doubtfullyAttached) reset.unsure = 'no event names the device that exported these buffers'
  }
  judgeReset(world, reset)
}

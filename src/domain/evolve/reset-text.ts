import type { Reset } from '../world/entities.ts'
import { touch } from '../world/world.ts'
import type { Context } from './context.ts'
import { giveUp } from './device-loss.ts'
import { touchHardware } from './reset-scope.ts'
import { beginReset, closeReset, learnMethod, place, siblingOf } from './resets.ts'

export const TEXT = 'console'

/** `vfio-pci 0000:01:00.0: resetting` … `reset done`, and the waits in between: the kernel log alone tells of a reset. */
export function onResetText(context: Context): void {
  const { world, act } = context
  world.about.device = act.device
  const reset = resetOf(context)
  if (act.detail === 'gave-up') giveUp(context, reset)
  if (act.detail === 'resetting') return resetting(context, reset ?? beginReset(context))
  if (!reset) return
  if (act.detail === 'reset-done') return done(context, reset)
  if (reset.method === 'unknown' && act.state === 'FLR') learnMethod(context, reset, 'flr')
  if (act.detail === 'gave-up') reset.result = 'timeout'
  touch(world.changed.resets, reset)
}

/** The reset that a line about this device belongs to: its thread's, a sibling's, or the device's open one. */
function resetOf(context: Context): Reset | null {
  const { world, act, task } = context
  const open = task.reset && !task.reset.closed ? task.reset : null
  if (open && (open.device === null || open.device === act.device)) return open
  const sibling = open && siblingOf(context, open)
  if (sibling) return sibling
  const known = act.device === null ? undefined : world.resetsByDevice.get(act.device)
  return known && !known.closed ? known : null
}

function resetting(context: Context, reset: Reset): void {
  const { world, act, task } = context
  place(world, reset, act.device)
  if (!reset.frames.some((frame) => frame.fn === TEXT)) reset.frames.push({ fn: TEXT, seq: world.now.seq })
  touchHardware(context, reset)
  if (!reset.parent) task.reset = reset
}

function done(context: Context, reset: Reset): void {
  const { world } = context
  const at = reset.frames.findLastIndex((frame) => frame.fn === TEXT)
  if (at >= 0) reset.frames.splice(at, 1)
  reset.finished = world.now
  reset.result ??= 'ok'
  touch(world.changed.resets, reset)
  if (reset.frames.length === 0 && !reset.parent) closeReset(context, reset)
}

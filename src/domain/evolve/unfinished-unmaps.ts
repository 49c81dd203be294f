import type { ActType } from '../act-type.ts'
import type { Mapping } from '../world/entities.ts'
import type { Task } from '../world/task.ts'
import { gapBetween } from '../world/window.ts'
import type { Context } from './context.ts'
import { endMapping } from './mappings.ts'

/** What a thread does inside `dma_buf_unmap_attachment()`, and what interrupts print into it. */
export const INSIDE_UNMAP: ReadonlySet<ActType> = new Set([
  'unmap',
  'iommu-unmap',
  'iommu-domain',
  'dma-unmap',
  'fence',
  'fence-wait',
  'console',
  'splat',
  'fault',
  'device-error',
  'access',
  'marker',
  'other',
])

/** An unmap has begun, and nothing has shown yet whether its return is probed: until that is known, the mapping lives. */
export function leaveUnfinished(task: Task, mapping: Mapping, fn: string): void {
  task.unmapping = { mapping, fn }
  mapping.leaving = task
}

/** The thread goes on and no return came: none is probed, and the mapping counts as gone from the entry on. */
export function goOn(context: Context, task: Task): void {
  const { world } = context
  if (!task.unmapping) return
  const { mapping, fn } = task.unmapping
  const began = mapping.unmapEntered!
  if (!gapBetween(world.window, began.ns, world.now.ns)) world.returnless.add(fn)
  settleUnmap(context, mapping)
}

/** Whatever it was that its thread did there, its unmap has begun, and it is over now. */
export function settleUnmap(context: Context, mapping: Mapping): void {
  const { leaving, unmapEntered } = mapping
  if (!leaving) return
  finished(mapping)
  endMapping(context, mapping, 'unmap', { at: unmapEntered!, task: leaving })
}

/** How its end is told is known. */
export function finished(mapping: Mapping): void {
  if (mapping.leaving) mapping.leaving.unmapping = null
  mapping.leaving = null
}

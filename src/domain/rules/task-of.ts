import type { World } from '../world/world.ts'

/** A finding's task by its pid; its name where the event at hand is that task's own, since others are not remembered. */
export function taskOf({ record }: World, pid: number | null): { comm: string | null; pid: number | null } {
  return { comm: record.pid === pid ? record.comm : null, pid }
}

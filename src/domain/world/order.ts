import type { Sighting } from './entities.ts'

/**
 * Lines with the same time stamp have an order only where one CPU or one thread wrote them; between two CPUs the order
 * of the lines is that of their buffers' numbers. Microsecond text makes such ties common (KERNEL.md §5.1), traces with
 * nanoseconds rare: there 1 ns apart is an order.
 */
export function isTie(a: Sighting | null | undefined, b: Sighting | null | undefined): boolean {
  if (!a || !b || a.ns !== b.ns || a.seq === b.seq) return false
  const sameCpu = a.cpu === b.cpu && a.cpu >= 0
  // Idle tasks all have pid 0, one on each CPU.
  const sameThread = a.pid === b.pid && a.pid > 0
  return !sameCpu && !sameThread
}

/** Why it cannot be said which of two came first, or null where it can; `what` names both: `the map and the revoke`. */
export function tied(what: string, a: Sighting | null | undefined, b: Sighting | null | undefined): string | null {
  return isTie(a, b) ? `${what} bear the same time stamp: which came first is not certain` : null
}

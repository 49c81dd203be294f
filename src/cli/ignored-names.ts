import type { Capture } from '../log/captures.ts'

/** Which events of a capture were ignored, and how often, the most frequent first. */
export function mostFirst({ ignoredNames = {} }: Capture): [name: string, lines: number][] {
  return Object.entries(ignoredNames).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
}

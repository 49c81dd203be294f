import type { LineLayout, LineReader } from './layout.ts'

/** The reader for one file of a layout; `state` is what an earlier one left, if any. */
export function beginReader(layout: LineLayout, state: unknown, at: bigint | null = null): LineReader {
  return layout.begin?.(state, at) ?? { ...layout, state: () => null }
}

import type { OpenBatch } from './open-batch.ts'

/**
 * Tells a text that was cut at a width (`cut -c`, `less -S`, a terminal's copy) by its longest event lines: lines of
 * different events end in the same column by chance once, if ever.
 */
export interface LineWidth {
  /** Takes the event lines of a batch. */
  see(batch: OpenBatch): void
  /** Bytes a line at which they are cut; null where lines end where they want. */
  cutAt(): number | null
  /** Plain JSON. */
  state(): LineWidthState
}

export interface LineWidthState {
  longest: number
  lines: number
  /** Dictionary ids of the first few events that are so long. */
  names: number[]
}

/** A line that holds its context and the beginning of a payload is longer than this. */
const LEAST_WIDTH = 60
const LEAST_LINES = 3
const LEAST_NAMES = 2

export function createLineWidth(from: LineWidthState = { longest: 0, lines: 0, names: [] }): LineWidth {
  let { longest, lines, names } = from

  function seeLongest(length: number, name: number): void {
    if (length > longest) {
      longest = length
      lines = 0
      names = []
    }
    lines++
    if (names.length < LEAST_NAMES && !names.includes(name)) names = [...names, name]
  }

  return {
    see({ count, line, lineStart, name }) {
      for (let i = 0; i < count; i++) {
        const at = line[i]!
        const length = lineStart[at + 1]! - lineStart[at]!
        if (length >= longest) seeLongest(length, name[i]!)
      }
    },
    // The line feed is one of the bytes.
    cutAt: () => (longest > LEAST_WIDTH && lines >= LEAST_LINES && names.length >= LEAST_NAMES ? longest - 1 : null),
    state: () => ({ longest, lines, names }),
  }
}

import type { OpenBatch } from './open-batch.ts'

/**
 * Tells a text that was cut at a width (`cut -c`, `less -S`, a terminal's copy) by its longest event lines: those of
 * different events end in the same column by chance once, if ever. Where names stand in columns, as perf and trace-cmd
 * print them, attach and detach end in one, too: there the fields have to be different.
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
  /** Dictionary ids of events that are so long, and the names of their fields; the first few. */
  names: number[]
  fields: string[]
}

/** A line that holds its context and the beginning of a payload is longer than this. */
const LEAST_WIDTH = 60
const LEAST_LINES = 3
const LEAST_KINDS = 2
const MOST_NAMES = 32

export function createLineWidth(
  namesInColumns: boolean,
  from: LineWidthState = { longest: 0, lines: 0, names: [], fields: [] },
): LineWidth {
  let { longest, lines, names, fields } = from

  const kinds = () => (namesInColumns ? fields : names).length

  function seeLongest({ bytes, name, payloadStart, payloadEnd }: OpenBatch, i: number, length: number): void {
    if (length > longest) {
      longest = length
      lines = 0
      names = []
      fields = []
    }
    lines++
    if (kinds() >= LEAST_KINDS || names.length >= MOST_NAMES || names.includes(name[i]!)) return
    names = [...names, name[i]!]
    if (!namesInColumns) return
    const own = fieldsOf(bytes.toString('latin1', payloadStart[i], payloadEnd[i]))
    if (!fields.includes(own)) fields = [...fields, own]
  }

  return {
    see(batch) {
      const { count, line, lineStart } = batch
      for (let i = 0; i < count; i++) {
        const at = line[i]!
        const length = lineStart[at + 1]! - lineStart[at]!
        if (length >= longest) seeLongest(batch, i, length)
      }
    },
    // The line feed is one of the bytes.
    cutAt: () => (longest > LEAST_WIDTH && lines >= LEAST_LINES && kinds() >= LEAST_KINDS ? longest - 1 : null),
    state: () => ({ longest, lines, names, fields }),
  }
}

/** `ino= exp=`: what stands before the values, the last one left out, which may be a piece. */
function fieldsOf(payload: string): string {
  return (payload.match(/[A-Za-z_]\w*[=:]/g) ?? []).slice(0, -1).join(' ')
}

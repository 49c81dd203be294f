import type { HeardCpus } from './noise/heard-cpus.ts'
import type { OpenBatch } from './open-batch.ts'
import type { MergedInput } from './trace-parser-state.ts'

/** The line is not understood. One note for neighbours; a line that is cut or overlong has a note of its own. */
export function noteUnread(batch: OpenBatch, line: number, heard: HeardCpus): void {
  const before = batch.notes.at(-1)
  if (before?.line === line) return
  if (before?.kind === 'unread' && before.beforeEvent === batch.count && before.line + before.lines === line) {
    before.lines++
    return
  }
  heard.beforeGap(batch, null, line)
  batch.notes.push({ kind: 'unread', line, lines: 1, beforeEvent: batch.count })
}

/** From the line on, another file is read. */
export function noteInput(batch: OpenBatch, line: number, { number, name, offset }: MergedInput): void {
  const added = BigInt(offset) === 0n ? {} : { offset: BigInt(offset) }
  batch.notes.push({ kind: 'input', line, input: number, name, ...added, beforeEvent: batch.count })
}

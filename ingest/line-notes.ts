import { type CaptureFacts, takeFacts } from './capture-facts.ts'
import { readHeader } from './header.ts'
import type { HeardCpus } from './noise/heard-cpus.ts'
import type { OpenBatch } from './open-batch.ts'
import type { Structure } from './structure.ts'
import type { MergedInput } from './trace-parser-state.ts'

const HEADER_BYTES = 1024

/** A line of a batch, before it is counted. */
interface LinePlace {
  batch: OpenBatch
  facts: CaptureFacts
  heard: HeardCpus
  start: number
  end: number
}

/** Takes what a structural line says into the facts, and notes what it says of the events around it. */
export function noteStructure(structure: Structure, { batch, facts, heard, start, end }: LinePlace): void {
  const place = { line: facts.lines + 1, beforeEvent: batch.count }
  switch (structure.kind) {
    case 'header': {
      const header = batch.bytes.subarray(start, Math.min(end, start + HEADER_BYTES))
      const entries = readHeader(structure.text?.slice(0, HEADER_BYTES) ?? header.toString('latin1'), facts)
      takeFacts(facts, structure.facts)
      if (entries) batch.notes.push({ kind: 'entries', ...entries, ...place })
      break
    }
    case 'lost':
    case 'buffer-started':
      heard.beforeGap(batch, structure.cpu < 0 ? null : structure.cpu, place.line)
      batch.notes.push({ ...structure, ...place })
      break
    case 'boot':
      if (facts.events > 0) batch.notes.push({ ...structure, ...place })
      facts.bootId = facts.events > 0 ? null : structure.id
      break
    default:
  }
}

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

import { scanLatency, scanLatencyUnpadded } from '../ftrace/scan-latency.ts'
import { createLineHead, type LineHead, Scan } from '../line-head.ts'
import { type Structure, structureOf } from '../structure.ts'

/** Where in a dump a log is. Plain JSON. */
export type DumpPlace = 'outside' | 'opened' | 'inside'

export type DumpLine =
  /** An event of the dump, or the marker above a stack trace. */
  | { kind: 'event'; code: number }
  /** What is left of an event, where others wrote to the console at the same time. */
  | { kind: 'damaged' }
  /** What frames the dump, and what in it is no event. */
  | { kind: 'structure'; structure: Structure }

const OPENS = /^Dumping ftrace (?:instance \S+ )?buffer:/
const EMPTY = /^ *\(ftrace buffer empty\)/
const RULER = /^-{33}\s*$/
/** The time of an event, or the task, CPU and flags before it. */
const REMAINS = /\d+us[ !+#*@$]: |^ {0,8}\S{1,16}-\d{1,7} +\d{1,3}[A-Za-z.][A-Za-z0-9.]{3}/
const ANNOTATION_LENGTH = 80
const LINE_START = 512

const FRAMING: DumpLine = { kind: 'structure', structure: { kind: 'header' } }

/** Tells the lines of a dump from those of the log around it, one line after the other. */
export interface DumpReader {
  /** `b[p, end)` is the line's text, without what printk put before it; null where it is not the dump's. */
  read(b: Buffer, p: number, end: number): DumpLine | null
  /** Reads an event line, as found, into `head`. */
  fill(b: Buffer, p: number, head: LineHead): void
  place(): DumpPlace
}

/**
 * Reads what kernel/trace/trace.c `ftrace_dump()` prints on an oops, a panic or sysrq-z: the latency format between two
 * rulers. Other CPUs' messages may stand between its lines; an excerpt may lack its frame.
 */
export function createDumpReader(from: DumpPlace): DumpReader {
  let place = from
  const probe = createLineHead()

  function frame(text: string): boolean {
    if (OPENS.test(text)) place = 'opened'
    else if (EMPTY.test(text)) place = 'outside'
    else if (RULER.test(text) && place !== 'outside') place = place === 'opened' ? 'inside' : 'outside'
    else return false
    return true
  }

  return {
    read(b, p, end) {
      const strict = scanLatency(b, p, probe)
      const code = strict > 0 || place !== 'inside' ? strict : scanLatencyUnpadded(b, p, probe)
      if (code > 0) {
        place = 'inside'
        return { kind: 'event', code }
      }
      if (frame(b.toString('latin1', p, Math.min(end, p + ANNOTATION_LENGTH)))) return FRAMING
      const structure = structureOf(b, p, end)
      // An excerpt may begin with what a CPU lost.
      if (structure?.kind === 'lost') place = 'inside'
      if (place !== 'inside') return null
      if (structure) return { kind: 'structure', structure }
      return REMAINS.test(b.toString('latin1', p, Math.min(end, p + LINE_START))) ? { kind: 'damaged' } : null
    },
    fill(b, p, head) {
      if (scanLatency(b, p, head) <= 0) scanLatencyUnpadded(b, p, head)
    },
    place: () => place,
  }
}

/** Whether the text at `p` is a dump's event, or frames one. */
export function isOfDump(b: Buffer, p: number, end: number): boolean {
  if (scanLatency(b, p, createLineHead()) === Scan.event) return true
  const text = b.toString('latin1', p, Math.min(end, p + ANNOTATION_LENGTH))
  return OPENS.test(text) || EMPTY.test(text) || structureOf(b, p, end)?.kind === 'lost'
}

import { CR, HASH, LF, skipBlanks, startsWith, TAB } from './ascii.ts'
import type { HeaderFacts } from './header.ts'

/** Lines that are no events and have their place in a trace. */
export type Structure =
  | { kind: 'blank' }
  /** `text` is the header line where the file spells it otherwise; `facts` what it says in a form of its own. */
  | { kind: 'header'; text?: string; facts?: Partial<HeaderFacts> }
  /** Text around the trace: a mail's, a web page's, another program's. */
  | { kind: 'around' }
  /** A frame of a stack trace. */
  | { kind: 'frame' }
  /** `CPU:0 [LOST 252 EVENTS]`, `CPU:0 [LOST EVENTS]` (trace.c `print_trace_line()`), `CPU:0 [252 EVENTS DROPPED]` (trace-cmd). */
  | { kind: 'lost'; cpu: number; lost: bigint | null }
  /** `##### CPU 0 buffer started ####` (trace.c `test_cpu_buff_start()`). */
  | { kind: 'buffer-started'; cpu: number }
  /** A line that is in the file and of no trace: another program's, or one that was left out on purpose. */
  | { kind: 'aside' }
  /** The machine was started anew; `id` is the boot id, where the line names it. */
  | { kind: 'boot'; id: string | null }

const BLANK: Structure = { kind: 'blank' }
const HEADER: Structure = { kind: 'header' }
export const FRAME: Structure = { kind: 'frame' }

const LOST = /^(?:\[ *\d+\.\d+\] )?CPU:(\d{1,6}) \[(?:LOST (?:(\d{1,20}) )?EVENTS|(?:(\d{1,20}) )?EVENTS DROPPED)\]\s*$/
const SUB_BUFFER = /^CPU:\d{1,6} \[SUBBUFFER START\](?: \[\d+:0x[0-9a-f]+\])?\s*$/
const STARTED = /^##### CPU (\d{1,6}) buffer started ####/
/** Lines that trace-cmd and atrace put around kernel text. */
const OTHER_HEADER = /^(?:cpus=\d+|version = \d+|CPU \d+ is empty|TRACE:)\s*$/
const ANNOTATION_LENGTH = 80

/** What kind of structure the line `b[p, end)` is, or null where it is none. */
export function structureOf(b: Buffer, p: number, end: number): Structure | null {
  const first = b[p]!
  if (first === HASH) {
    if (b[p + 1] !== HASH) return HEADER
    const started = STARTED.exec(b.toString('latin1', p, Math.min(end, p + ANNOTATION_LENGTH)))
    return started ? { kind: 'buffer-started', cpu: Number(started[1]) } : HEADER
  }
  const q = skipBlanks(b, p)
  if (q >= end || b[q] === LF || (b[q] === CR && q + 1 >= end)) return BLANK
  if (startsWith(b, q, '=> ')) return FRAME
  if (first === TAB || end - p > ANNOTATION_LENGTH) return null
  // `C`PU, `[` of a printk time, `c`pus, `v`ersion, `T`RACE
  if (first !== 67 && first !== 91 && first !== 99 && first !== 118 && first !== 84) return null
  const line = b.toString('latin1', p, end)
  const lost = LOST.exec(line)
  if (lost) {
    const count = lost[2] ?? lost[3]
    return { kind: 'lost', cpu: Number(lost[1]), lost: count === undefined ? null : BigInt(count) }
  }
  return SUB_BUFFER.test(line) || OTHER_HEADER.test(line) ? HEADER : null
}

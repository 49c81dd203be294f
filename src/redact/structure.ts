import { redactPointers } from './numbers.ts'
import type { Pseudonyms } from './pseudonyms.ts'

/** Header lines that say what kind of trace it is, and nothing of the machine. */
const HEADERS = [
  /^#\s*$/,
  /^# tracer: [\w-]+\s*$/,
  /^# entries-in-buffer\/entries-written: \d+\/\d+(?:\s+#P:\d+)?\s*$/,
  /^# clock(?:_type)?\s*[:=]\s*[\w-]+\s*$/,
  /^##### CPU \d+ buffer started ####\s*$/,
  /^(?:cpus=\d+|version = \d+|CPU \d+ is empty|TRACE:|CPU:\d+ \[SUBBUFFER START\])\s*$/,
  /^(?:\[ *\d+\.\d+\] )?CPU:\d{1,6} \[(?:LOST (?:\d{1,20} )?EVENTS|(?:\d{1,20} )?EVENTS DROPPED)\]\s*$/,
  /^\s*$/,
]
/** A frame of a stack trace, of the kernel's symbols. */
const FRAME =
  /^\s*=> (?:[A-Za-z_.][\w.]*(?:\+0x[0-9a-f]+(?:\/0x[0-9a-f]+)?)?(?: \[[\w-]+\])?|\[FTRACE TRAMPOLINE\])?(?: ?[(<][0-9a-f]{8,16}[)>])?\s*$/
const LATENCY = /^(# [\w-]+ latency trace v[\d.]+ on )(\d+\.\d+(?:\.\d+)?)/

const LEGEND = new Set(
  (
    'TASK-PID TASK/PID CPU# CPU TGID DURATION TIMESTAMP TIME FUNCTION CALLS cmd pid time caller delay irqs-off irqs-off/BH-disabled ' +
    'need-resched hardirq/softirq preempt-depth migrate-disable lock-depth'
  ).split(' '),
)

/** The legend over the columns: their names, and the lines drawn to them. */
function isLegend(line: string): boolean {
  return (
    line.startsWith('#') &&
    line
      .split(/\s+/)
      .every((word) => /^[#|/\\_=>-]*$/.test(word) || LEGEND.has(word.replace(/^[|/\\_=>-]+(?=[A-Z])/, '')))
  )
}

/** A line that is no event: known headers, markers of loss and frames stay, all other text is left out. */
export function redactStructure(line: string, names: Pseudonyms): string {
  if (isLegend(line) || HEADERS.some((header) => header.test(line))) return line
  if (FRAME.test(line)) return redactPointers(line, names)
  if (/^\s*=> /.test(line)) return `${/^\s*/.exec(line)![0]}=> redacted`
  const latency = LATENCY.exec(line)
  if (latency) return `${latency[1]}${latency[2]}`
  const started = /^##### CPU \d{1,6} buffer started ####/.exec(line)
  if (started) return started[0]
  const entries = /^# entries-in-buffer\/entries-written: \d{1,20}\/\d{1,20}(?:\s+#P:\d{1,6})?/.exec(line)
  if (entries) return entries[0]
  const counts = /^# latency: .*, (#\d{1,20}\/\d{1,20}), .*(#P:\d{1,6})/.exec(line)
  return counts ? `# latency: redacted, ${counts[1]}, ${counts[2]}` : '# redacted'
}

/** A kernel log that holds what `ftrace_dump()` prints when the kernel dies. */
import { type Folded, foldText } from './fold-file.ts'
import { HEADER, printTrace, type Step } from './printer.ts'

const FRAME = '[   10.000000] ---------------------------------'
const BEGIN = { style: 'boot', named: false, log: true, dump: true, offset: '0', duplicates: [] }

/** The events of a story as lines of the log. */
export function dumped(...steps: Step[]): string[] {
  const events = printTrace(steps).lines.slice(HEADER)
  return ['[   10.000000] Dumping ftrace buffer:', FRAME, ...events.map(logged), FRAME]
}

/** Without header, and with times in microseconds. */
function logged(line: string): string {
  const [, task, pid, seconds, micros, text] = /^ *(\S+)-(\d+) .* (\d+)\.(\d+): (.*)$/.exec(line)!
  return `[   10.000000] ${task!.padStart(8)}-${pid!.padEnd(7)}   0..... ${BigInt(seconds! + micros!)}us : ${text}`
}

export function foldLog(...lines: string[]): Promise<Folded> {
  return foldText(Buffer.from(`${lines.join('\n')}\n`), {}, { format: 'console-log', begin: BEGIN })
}

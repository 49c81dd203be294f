import type { Progress } from '../projection/ingest-request.ts'
import type { Io } from './command.ts'

export interface ProgressLine {
  update(progress: Progress): void
  /** Leaves the terminal's line empty again. */
  end(): void
}

/** Short inputs are done before anyone would want to know. */
const SILENT_MS = 2_000
const TERMINAL_MS = 100
const LOG_MS = 5_000

/** How far an ingest is, on stderr: a terminal's last line rewritten, or a line every few seconds elsewhere. */
export function createProgressLine(name: string, size: number | null, stderr: Io['stderr']): ProgressLine {
  const started = Date.now()
  const terminal = stderr.isTTY === true
  let shown = started + SILENT_MS - (terminal ? TERMINAL_MS : LOG_MS)
  let drawn = false
  return {
    update({ bytes, lines, findings }) {
      const now = Date.now()
      if (now - started < SILENT_MS || now - shown < (terminal ? TERMINAL_MS : LOG_MS)) return
      shown = now
      const part = size ? `${Math.min(100, Math.floor((bytes / size) * 100))} %, ` : ''
      const text = `${name}: ${part}${lines.toLocaleString('en')} lines, ${findings.toLocaleString('en')} findings`
      if (terminal) stderr.write(`\r\x1b[K${text.slice(0, (stderr.columns ?? 80) - 1)}`)
      else stderr.write(`${text}\n`)
      drawn = terminal
    },
    end() {
      if (drawn) stderr.write('\r\x1b[K')
      drawn = false
    },
  }
}

/** Says once, of a trace that is followed, that its findings will be late. */
export function createOrderRemark(name: string, stderr: Io['stderr']): Pick<ProgressLine, 'update'> {
  let told = false
  return {
    update({ ordered }) {
      if (ordered || told) return
      told = true
      stderr.write(`revenant: ${name}: time stamps run backwards: new findings are made when it is complete\n`)
    },
  }
}

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Files beside a trace that say which clock it was recorded with: tracefs's own name, and a shorter one. */
const NAMES = ['trace_clock', 'clock']

export function isClockFile(name: string): boolean {
  return NAMES.includes(name)
}

/** The clock that a file of `folder` names. */
export function readClockBeside(folder: string): string | null {
  for (const name of NAMES) {
    try {
      const path = join(folder, name)
      const clock = statSync(path).isFile() ? readClock(readFileSync(path, 'latin1')) : null
      if (clock !== null) return clock
    } catch {}
  }
  return null
}

/** `local global counter [mono] …` (trace.c `tracing_clock_show()`), the bracketed one is set; or one name alone. */
export function readClock(text: string): string | null {
  const words = text.trim()
  return /\[([\w-]+)\]/.exec(words)?.[1] ?? /^[\w-]+$/.exec(words)?.[0] ?? null
}

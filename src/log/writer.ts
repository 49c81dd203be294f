import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** Who is appending to a capture. Kept in its row so that a second process is told so instead of taking the first one's place. */
interface Writer {
  host: string
  pid: number
  /** Start time of the process in clock ticks after boot, /proc/pid/stat field 22: pids are used again. '' where unknown. */
  started: string
  token: string
}

/** Tokens of the writers of this process that have not given up their claim. */
const claims = new Set<string>()

/** A claim on a capture, as stored. Give it up with `releaseWriter`. */
export function claimWriter(): string {
  const writer: Writer = { host: hostname(), pid: process.pid, started: startTime(process.pid), token: randomUUID() }
  claims.add(writer.token)
  return JSON.stringify(writer)
}

export function releaseWriter(stored: string): void {
  claims.delete((JSON.parse(stored) as Writer).token)
}

/**
 * The pid of a writer that is still at work, else null. A claim from another host cannot be asked after; it counts as
 * given up, and the log's triggers keep two such writers from mixing.
 */
export function livingWriter(stored: string | null): number | null {
  if (stored === null) return null
  const { host, pid, started, token } = JSON.parse(stored) as Writer
  if (host !== hostname()) return null
  if (pid === process.pid) return claims.has(token) ? pid : null
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return null
  }
  return startTime(pid) === started ? pid : null
}

function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command, field 2, may hold blanks and brackets: count from behind it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

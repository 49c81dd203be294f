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
  return startTime(pid) === started && !isEnding(pid) ? pid : null
}

function startTime(pid: number): string {
  return statFields(pid)[19] ?? ''
}

const PF_EXITING = 0x4
const SIGKILL_BIT = 1n << 8n

/**
 * A process that was killed answers signals until its parent has asked after it, which some parents never do; it runs no
 * code of its own any more. fs/proc/array.c `do_task_stat()`: state and flags; `render_sigset_t()`: pending signals.
 */
function isEnding(pid: number): boolean {
  const [state, , , , , , flags] = statFields(pid)
  if (state === 'Z' || state === 'X' || (Number(flags) & PF_EXITING) !== 0) return true
  const pending = /^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$/gm
  return [...readProc(pid, 'status').matchAll(pending)].some(([, mask]) => (BigInt(`0x${mask}`) & SIGKILL_BIT) !== 0n)
}

/** Fields of /proc/pid/stat from the third on: the second, the command, may hold blanks and brackets. */
function statFields(pid: number): string[] {
  const stat = readProc(pid, 'stat')
  return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return ''
  }
}

import type { Pseudonyms } from './pseudonyms.ts'

/** What the scanner found in a line's context, from its first byte on. */
export interface Places {
  /** -1 where the line names no task. */
  commStart: number
  commEnd: number
  pid: number
  /** -1 where the line has none. */
  tgid: number
}

/** What may stand before a task: the graph's time and CPU. */
const BEFORE = /^[\s\d.|)]*$/
/** What may stand behind it: CPU, flags, times; they are of the scanner's grammar. */
const PID = /^(-?)(\s*)(?:(\d{1,10})\/)?(\d{1,10})(\s*)/
const TGID = /^\((\s*)(\d{1,10})\)/

/**
 * Everything before the event's name, with another task in it. Columns keep their width where there is room, so that a
 * padded layout stays padded. Null where the line has another shape than any that is known.
 */
export function redactContext(text: string, places: Places, names: Pseudonyms): string | null {
  const { commStart, commEnd } = places
  if (commStart < 0) return text
  const before = text.slice(0, commStart)
  const parts = PID.exec(text.slice(commEnd))
  if (!BEFORE.test(before) || !parts) return null
  const [whole, dash, blanks, group, pid, after] = parts as unknown as string[]
  const comm = redactComm(before, text.slice(commStart, commEnd), names)
  let rest = text.slice(commEnd + whole!.length)
  const tgid = TGID.exec(rest)
  if (tgid) {
    const other = String(names.pid(Number(tgid[2])))
    rest = `(${other.padStart(tgid[1]!.length + tgid[2]!.length)})${rest.slice(tgid[0].length)}`
  }
  const leader = group === undefined ? '' : `${names.pid(Number(group))}/`
  return comm + dash + redactPid({ blanks: blanks!, leader, pid: pid!, after: after! }, names) + rest
}

/** Right-aligned: the blanks before a name make room for its pseudonym. */
function redactComm(before: string, comm: string, names: Pseudonyms): string {
  const lead = before.trimEnd()
  const width = before.length - lead.length + comm.length
  const other = names.comm(comm, Math.min(15, lead === '' ? width : width - 1))
  return lead + other.padStart(width)
}

interface PidColumn {
  blanks: string
  leader: string
  pid: string
  after: string
}

/** A longer pid takes the blanks behind it, then those before it; one of each stays. */
function redactPid({ blanks, leader, pid, after }: PidColumn, names: Pseudonyms): string {
  const other = leader + String(names.pid(Number(pid)))
  const surplus = leader.length + pid.length - other.length
  if (surplus >= 0)
    return blanks.length > 1
      ? `${' '.repeat(surplus)}${blanks}${other}${after}`
      : `${blanks}${other}${' '.repeat(surplus)}${after}`
  const behind = Math.min(-surplus, Math.max(0, after.length - 1))
  const ahead = Math.min(-surplus - behind, Math.max(0, blanks.length - 1))
  return blanks.slice(ahead) + other + after.slice(behind)
}

import { CTIME, FULL, fractionNs, ISO, MINUTE, SHORT, type WallTime, wallTime } from './wall-clock.ts'

/** What stands before the text of a kernel log line. */
export interface LogPrefix {
  /** Nanoseconds since boot, as printk stamps them; null where only the wall clock was printed. */
  boot: bigint | null
  wall: WallTime | null
  /** Nanoseconds since the line before. */
  delta: bigint | null
  /** Of CONFIG_PRINTK_CALLER; -1 where the line does not say. */
  pid: number
  cpu: number
  host: string | null
  /** Whose text it is; null where no program is named, which is the kernel's own way. */
  program: string | null
  /** Non-printing bytes are escaped as `\x1b`: the text is a record of /dev/kmsg. */
  escaped: boolean
  /** Bytes before the text. */
  length: number
}

const LEVEL = '[ \\t]*(?:<\\d{1,3}>)?(?:[a-z0-9]+ *:[a-z]+ *: )?'
const CALLER = '(?: ?\\[ *(?<caller>[TC])(?<who>\\d{1,9})\\])?'
const SINCE = '(?: <[^>\\n]{1,24}>)?'

const BOOT = `\\[ *(?<seconds>\\d{1,10})\\.(?<decimals>\\d{1,9})(?:[,@]\\d{1,4})?${SINCE}\\]${CALLER} ?`
const BEFORE_BOOT = new RegExp(`^${LEVEL}${BOOT}`)
const WITHIN = new RegExp(`^${BOOT}`)
const DELTA = new RegExp(`^${LEVEL}\\[(?:< *|  *\\+)(?<seconds>\\d{1,10})\\.(?<decimals>\\d{1,9})>?\\]${CALLER} ?`)
// util-linux sys-utils/dmesg.c print_record(): without a host, and the fraction behind a comma
const DMESG = [
  new RegExp(`^${LEVEL}\\[${CTIME}${SINCE}\\]${CALLER} ?`),
  new RegExp(`^${LEVEL}\\[${MINUTE}\\]${CALLER} ?`),
  new RegExp(`^${LEVEL}${ISO}${CALLER} `),
]
// systemd src/shared/logs-show.c output_short(), rsyslog's file formats
const JOURNAL = [ISO, FULL, SHORT].map((time) => new RegExp(`^(?:<\\d{1,3}>)?${time} `))
const UNIX = /^(?<seconds>\d{9,10})\.(?<decimals>\d{6}) /
const WHO = /^(?<host>\S+) (?<program>[^\s:[\]]+)(?:\[\d+\])?: /
const KERNEL = /^(?:(?<host>\S+) )?kernel: /
// kernel/printk/printk.c info_print_ext_header()
const KMSG = /^\d{1,4},\d+,(?<micros>\d{1,18}),[-c+](?:,caller=(?<caller>[TC])(?<who>\d{1,9}))?(?:,[^;\n]*)?;/

/**
 * Reads what dmesg, journalctl, syslog, a serial console or /dev/kmsg put before a line's text; null where nothing was.
 * `line` is its beginning, one character a byte. In `named` logs each stamp is followed by host and program.
 */
export function readLogPrefix(line: string, named = false): LogPrefix | null {
  return readBoot(line, named) ?? readJournal(line) ?? readRecord(line) ?? readDmesg(line)
}

function readBoot(line: string, named: boolean): LogPrefix | null {
  const match = BEFORE_BOOT.exec(line)
  if (!match) return null
  const prefix = { ...emptyPrefix(match), boot: nanoseconds(match.groups!) }
  const rest = line.slice(prefix.length)
  const kernel = KERNEL.exec(rest)
  const who = kernel ?? (named ? WHO.exec(rest) : null)
  if (!who) return prefix
  const { host = null, program = null } = who.groups!
  return { ...prefix, host, program, length: prefix.length + who[0].length }
}

function readJournal(line: string): LogPrefix | null {
  const unix = UNIX.exec(line)
  const match = unix ?? firstOf(JOURNAL, line)
  if (!match || /,\d+(?:Z|[+-]\d\d:?\d\d)? $/.test(match[0])) return null
  const wall = unix ? { ns: nanoseconds(unix.groups!), zone: true, year: true } : wallTime(match.groups!)
  if (!wall) return null
  const rest = line.slice(match[0].length)
  const who = WHO.exec(rest)
  if (!who) return unix ? null : { ...emptyPrefix(match), wall, program: '' }
  const { host = null, program = '' } = who.groups!
  const prefix = { ...emptyPrefix(match), wall, host, program, length: match[0].length + who[0].length }
  if (program !== 'kernel') return prefix
  // Some syslogs keep the kernel's own stamp in the text.
  const stamp = WITHIN.exec(line.slice(prefix.length))
  const own = { ...prefix, program: null }
  if (!stamp) return own
  const { pid, cpu } = emptyPrefix(stamp)
  return { ...own, pid, cpu, boot: nanoseconds(stamp.groups!), length: prefix.length + stamp[0].length }
}

function readRecord(line: string): LogPrefix | null {
  const match = KMSG.exec(line)
  return match && { ...emptyPrefix(match), boot: BigInt(match.groups!.micros!) * 1000n, escaped: true }
}

function readDmesg(line: string): LogPrefix | null {
  const delta = DELTA.exec(line)
  if (delta) return { ...emptyPrefix(delta), delta: nanoseconds(delta.groups!) }
  const match = firstOf(DMESG, line)
  const wall = match && wallTime(match.groups!)
  return wall && { ...emptyPrefix(match), wall }
}

function firstOf(forms: readonly RegExp[], line: string): RegExpExecArray | null {
  for (const form of forms) {
    const match = form.exec(line)
    if (match) return match
  }
  return null
}

function emptyPrefix({ 0: { length }, groups = {} }: RegExpExecArray): LogPrefix {
  const who = groups.who === undefined ? -1 : Number(groups.who)
  return {
    boot: null,
    wall: null,
    delta: null,
    pid: groups.caller === 'T' ? who : -1,
    cpu: groups.caller === 'C' ? who : -1,
    host: null,
    program: null,
    escaped: false,
    length,
  }
}

function nanoseconds({ seconds, decimals }: Record<string, string | undefined>): bigint {
  return BigInt(seconds!) * 1_000_000_000n + fractionNs(decimals)
}

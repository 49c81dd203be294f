import { UNKNOWN } from '../../src/domain/record.ts'
import { skipBlanks } from '../ascii.ts'
import type { HeaderFacts } from '../header.ts'
import type { LineLayout, LineReader } from '../layout.ts'
import { GivenName, type LineHead, Scan } from '../line-head.ts'
import { setNanoseconds, timeOf } from '../scan-time.ts'
import type { Structure } from '../structure.ts'
import { createDumpReader, type DumpPlace } from './ftrace-dump.ts'
import { unescapeRecord } from './kmsg-escapes.ts'
import { createLogClock, type LogClockState, type LogStyle } from './log-clock.ts'
import { type LogPrefix, readLogPrefix } from './log-prefix.ts'
import { kernelLogRemarks, type PassedOver } from './log-remarks.ts'

/** What is known of a kernel log before its first line is read; plain JSON. */
export interface KernelLogStart {
  /** Null where the first stamp shall tell. */
  style: LogStyle | null
  /** Stamps since boot are followed by host and program (journalctl -o short-monotonic). */
  named: boolean
  /** The log's own lines are events. */
  log: boolean
  /** The lines of a dump in it are events. */
  dump: boolean
  /** Nanoseconds between the dump's clock and the log's, as a decimal string; null where only one of them is read. */
  offset: string | null
  /** Numbers of log lines that the dump holds, too. */
  duplicates: number[]
  /** How the two were aligned, or why not. */
  alignment: string | null
}

interface KernelLogState extends KernelLogStart {
  clock: LogClockState | null
  place: DumpPlace
  line: number
  passedOver: PassedOver
  host: string | null
  kernel: string | null
}

/** What the line at hand is, until it is asked for. */
type Found =
  | { kind: 'log'; start: number; prefix: LogPrefix | null; time: bigint | null; boot: boolean }
  | { kind: 'dump'; start: number; code: number }

const LINE_START = 512
const ASIDE: Structure = { kind: 'aside' }
const HEADER: Structure = { kind: 'header' }
const BLANK: Structure = { kind: 'blank' }

/** systemd src/shared/logs-show.c: `-- Boot <id> --`, older `-- Reboot --`, and what journalctl says at the top. */
const BOOT_LINE = /^-- (?:Boot ([0-9a-f]{32})|Reboot) --/
const JOURNAL_LINE = /^-- (?:Logs begin|Journal begins|No entries|cursor:)/
/** A stamp behind what another program wrote to the same serial line. */
const STAMP_WITHIN = /\[ {0,4}\d{1,10}\.\d{6}\](?:\[ *[TC]\d+\])? /
const VERSION = /^Linux version (\S+)/

/**
 * A kernel log: lines as dmesg, journalctl, syslog, a serial console and /dev/kmsg print them, with or without a dump
 * of the trace buffer among them. Its lines are events named `console`, as the `printk:console` tracepoint has them.
 */
export function kernelLog(read: { log?: boolean; dump?: boolean }): LineLayout {
  const { log = false, dump = false } = read
  const refused = () => Scan.noTask
  return {
    scan: refused,
    scanLoose: refused,
    relativeTime: !log,
    begin: (state) =>
      createKernelLogReader({ ...UNKNOWN_LOG, log, dump, ...(state as Partial<KernelLogState> | null) }),
  }
}

/** kernel/printk/printk.c `console_prepend_dropped()`, without a stamp; journald-kmsg.c, where it could not keep up with /dev/kmsg. */
const MISSED =
  /^\*\* (\d{1,18}) printk messages dropped \*\*|\bsystemd-journald\[\d+\]: Missed (\d{1,18}) kernel messages/

const UNKNOWN_LOG: KernelLogState = {
  style: null,
  named: false,
  log: false,
  dump: false,
  offset: null,
  duplicates: [],
  alignment: null,
  clock: null,
  place: 'outside',
  line: 0,
  passedOver: { log: 0, dump: 0, hosts: 0 },
  host: null,
  kernel: null,
}

function createKernelLogReader(from: KernelLogState): LineReader {
  const { named, dump, alignment } = from
  // Two clocks without what lies between them are not to be mixed.
  const log = from.log && !(dump && from.offset === null)
  const offset = from.offset === null ? null : BigInt(from.offset)
  const duplicates = new Set(from.duplicates)
  const dumped = createDumpReader(from.place)
  const passedOver = { ...from.passedOver }
  let { style, line, host, kernel } = from
  let clock = from.clock && createLogClock(from.clock)
  let found: Found | null = null

  function structure(b: Buffer, p: number, end: number): Structure | null {
    line++
    found = null
    if (skipBlanks(b, p) >= end) return BLANK
    const text = b.toString('latin1', p, Math.min(end, p + LINE_START))
    const boot = BOOT_LINE.exec(text)
    if (boot) {
      clock?.reboot()
      return { kind: 'boot', id: boot[1] ?? null }
    }
    if (JOURNAL_LINE.test(text)) return HEADER
    const missed = MISSED.exec(text)
    if (missed && log) return { kind: 'lost', cpu: UNKNOWN, lost: BigInt(missed[1] ?? missed[2]!) }
    const prefix = readLogPrefix(text, named)
    if (prefix !== null && prefix.program !== null) return ASIDE
    const start = p + (prefix?.length ?? 0)
    const ofDump = dumped.read(b, start, end)
    if (ofDump) {
      if (!dump) {
        if (ofDump.kind !== 'structure') passedOver.dump++
        return ASIDE
      }
      if (ofDump.kind === 'structure') return ofDump.structure
      if (ofDump.kind === 'event') found = { kind: 'dump', start, code: ofDump.code }
      return null
    }
    return ofLog(text, p, prefix)
  }

  function ofLog(text: string, p: number, prefix: LogPrefix | null): Structure | null {
    if (prefix === null && style === 'lines') {
      found = { kind: 'log', start: p, prefix, time: null, boot: false }
      return null
    }
    const at = prefix === null && style === 'boot' ? text.search(STAMP_WITHIN) : 0
    const own = prefix ?? (at > 0 ? readLogPrefix(text.slice(at), named) : null)
    if (own === null) return ASIDE
    const start = at + own.length
    const said = text.slice(start)
    host ??= own.host
    if (own.host !== null && own.host !== host) {
      passedOver.hosts++
      return ASIDE
    }
    style ??= own.wall === null ? 'boot' : own.boot === null ? 'wall' : 'boot'
    clock ??= createLogClock(newClock(style))
    const time = clock.read(own, said)
    if (!log) {
      passedOver.log++
      return ASIDE
    }
    kernel ??= VERSION.exec(said)?.[1] ?? null
    if (duplicates.has(line)) return ASIDE
    found = { kind: 'log', start: p + start, prefix: own, time, boot: clock.begun() }
    return null
  }

  function scanLoose(b: Uint8Array, _p: number, head: LineHead): number {
    if (found === null) return Scan.damaged
    if (found.kind === 'dump') return fillDump(b as Buffer, found.start, found.code, head)
    const { start, prefix, time, boot } = found
    if (time === null && style !== 'lines') return Scan.otherClock
    setNanoseconds(head, time ?? BigInt(line))
    head.ticks = time === null ? 1 : 0
    head.commStart = head.commEnd = -1
    head.pid = prefix?.pid ?? -1
    head.cpu = prefix?.cpu ?? -1
    head.tgid = -1
    head.flagsStart = head.flagsEnd = start
    head.givenName = GivenName.console
    head.payloadStart = start
    head.payloadEnd = -1
    head.payloadBytes = prefix?.escaped ? unescapeRecord(b, start) : null
    head.input = 0
    if (boot) head.boot = 1
    return Scan.event
  }

  function fillDump(b: Buffer, start: number, code: number, head: LineHead): number {
    dumped.fill(b, start, head)
    if (offset !== null && head.ticks === 0) setNanoseconds(head, timeOf(head) + offset)
    head.input = log ? 1 : 0
    return code
  }

  return {
    scan: () => Scan.noTask,
    scanLoose,
    structure,
    relativeTime: !log,
    inputs: ['kernel log', alignment === null ? 'ftrace dump' : `ftrace dump, ${alignment}`],
    facts: (): Partial<HeaderFacts> => ({ host, kernel, clock: isRealtime() ? 'realtime' : null }),
    remarks: () => kernelLogRemarks({ clock: clock?.state() ?? null, alignment, passedOver, log, dump }),
    state: (): KernelLogState => ({
      ...from,
      style,
      clock: clock?.state() ?? null,
      place: dumped.place(),
      line,
      passedOver: { ...passedOver },
      host,
      kernel,
    }),
  }

  function isRealtime(): boolean {
    const state = log ? clock?.state() : undefined
    return state?.style === 'wall' && !state.zoneless
  }
}

function newClock(style: LogStyle): LogClockState {
  return { style, base: '0', last: null, boots: 1, zoneless: false, yearless: false, between: false }
}

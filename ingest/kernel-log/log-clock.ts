import type { LogPrefix } from './log-prefix.ts'

/** Which of its stamps a log is told in: since boot, by the wall clock, or none, so that the lines' numbers have to do. */
export type LogStyle = 'boot' | 'wall' | 'lines'

/** Plain JSON; nanoseconds as decimal strings. */
export interface LogClockState {
  style: LogStyle
  /** What is added to stamps: where the boots before ended, and whole years of logs that name none. */
  base: string
  /** The last stamp, without `base`. */
  last: string | null
  boots: number
  /** Times of day whose zone or year no line told. */
  zoneless: boolean
  yearless: boolean
  /** A line between two boots was read: the next stamp counts anew. */
  between: boolean
}

export interface LogClock {
  /** Nanoseconds of a line's stamp; null where it has none of this log's style. */
  read(prefix: LogPrefix, text: string): bigint | null
  /** `-- Reboot --` was read. */
  reboot(): void
  /** Whether the line last read is the first of another boot. */
  begun(): boolean
  state(): LogClockState
}

const SECOND = 1_000_000_000n
const DAY = 86_400n * SECOND
const YEAR = 366n * DAY
/** Stamps are taken before lines are put in order, and a clock is set right while booting: less than this is no boot. */
const STEP = 5n * SECOND

/**
 * Gives the lines of a kernel log one time that goes on. A later boot's stamps count on from where the one before
 * ended; a stamp since boot that is a little earlier than the one before it is that of a line that waited for its turn
 * (printk.c `vprintk_store()`), or of a clock being set right, and takes the time of the one before.
 */
export function createLogClock(state: LogClockState): LogClock {
  const { style } = state
  let { boots, zoneless, yearless, between } = state
  let base = BigInt(state.base)
  let last = state.last === null ? null : BigInt(state.last)
  let begun = false

  function sinceBoot(stamp: bigint, text: string): bigint {
    if (last === null) last = stamp
    const anew = between || (stamp < last && (stamp === 0n || last - stamp > STEP || text.startsWith('Linux version ')))
    if (anew && stamp <= last) {
      base = ((base + last + SECOND - 1n) / SECOND) * SECOND
      last = stamp
      boots++
      begun = !between
    }
    between = false
    if (stamp > last) last = stamp
    return base + last
  }

  /** Without a year, a time more than a day earlier is the next year's. */
  function byTheWall({ ns, zone, year }: NonNullable<LogPrefix['wall']>): bigint {
    if (!zone) zoneless = true
    if (!year) {
      yearless = true
      if (last !== null && ns < last - DAY) base += YEAR
    }
    last = ns
    return base + ns
  }

  return {
    read(prefix, text) {
      begun = false
      if (prefix.delta !== null) {
        if (style === 'lines') return null
        last = (last ?? 0n) + prefix.delta
        return base + last
      }
      if (style === 'boot') return prefix.boot === null ? null : sinceBoot(prefix.boot, text)
      return style === 'wall' && prefix.wall !== null ? byTheWall(prefix.wall) : null
    },
    reboot() {
      if (last === null) return
      if (style === 'boot') between = true
      else boots++
    },
    begun: () => begun,
    state: () => ({
      style,
      base: String(base),
      last: last === null ? null : String(last),
      boots,
      zoneless,
      yearless,
      between,
    }),
  }
}

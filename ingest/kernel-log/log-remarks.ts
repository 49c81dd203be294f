import type { LogClockState } from './log-clock.ts'

/** Lines of a kernel log that were not judged, and could have been. */
export interface PassedOver {
  /** Lines of the log itself, where only its dump is read. */
  log: number
  /** Events of the dump, where only the log is read. */
  dump: number
  /** Kernel lines of other hosts than the first. */
  hosts: number
}

export interface LogReading {
  clock: LogClockState | null
  alignment: string | null
  passedOver: PassedOver
  log: boolean
  dump: boolean
}

/** What the user should know of how a kernel log was read. */
export function kernelLogRemarks({ clock, alignment, passedOver, log, dump }: LogReading): string[] {
  const said: string[] = []
  if (log && dump && alignment !== null) said.push(`the ftrace dump in it is ${alignment}`)
  if (passedOver.log > 0) {
    const why = alignment === null ? '' : `: ${alignment}`
    said.push(
      `${many(passedOver.log, 'kernel log line')} around the ftrace dump have another clock than the dump and were not judged${why}; --layout dmesg judges those alone`,
    )
  }
  if (passedOver.dump > 0)
    said.push(
      `${many(passedOver.dump, 'line')} of an ftrace dump in it were not judged; --layout ftrace-dump judges those`,
    )
  if (passedOver.hosts > 0)
    said.push(`${many(passedOver.hosts, 'kernel log line')} of other hosts were not judged; give each host's log alone`)
  return log && clock ? [...said, ...clockRemarks(clock)] : said
}

function clockRemarks({ style, boots, zoneless, yearless }: LogClockState): string[] {
  const said: string[] = []
  if (style === 'wall' && yearless) said.push('its times name no year: they count from 1970')
  if (style === 'wall' && zoneless) said.push('its times name no zone: they are taken for UTC')
  if (boots > 1) {
    const times = style === 'boot' ? '; the times of each count on from where the one before ended' : ''
    said.push(`it holds ${boots} boots, each judged by itself${times}`)
  }
  return said
}

function many(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`
}

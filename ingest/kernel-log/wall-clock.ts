/** A time of day as a kernel log prints it. */
export interface WallTime {
  /** Nanoseconds since the epoch; without a year since the beginning of a year of 366 days. */
  ns: bigint
  /** The zone was printed: else it is taken for UTC. */
  zone: boolean
  year: boolean
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAYS_BEFORE = [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335]

const MONTH = `(?:${MONTHS.join('|')})`
const CLOCK = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)(?:[.,](?<fraction>\\d{1,9}))?'

/** `Mon Apr 29 04:30:06 2024` (dmesg -T). */
export const CTIME = `[A-Z][a-z]{2} (?<month>${MONTH}) +(?<day>\\d{1,2}) ${CLOCK} (?<year>\\d{4})`
/** `2024-04-29T04:30:06,123456+02:00` (dmesg --time-format=iso, journalctl -o short-iso, rsyslog). */
export const ISO = `(?<year>\\d{4})-(?<month>\\d\\d)-(?<day>\\d\\d)T${CLOCK}(?<zone>Z|[+-]\\d\\d:?\\d\\d)?`
/** `Thu 2024-05-23 22:59:46 CEST` (journalctl -o short-full): the zone's name says nothing for sure. */
export const FULL = `[A-Z][a-z]{2} (?<year>\\d{4})-(?<month>\\d\\d)-(?<day>\\d\\d) ${CLOCK}(?: (?<named>[A-Z][A-Za-z0-9+-]*))?`
/** `May 23 22:59:46` (journalctl, syslog), `May 23 22:59:46.123456` (journalctl -o short-precise). */
export const SHORT = `(?<month>${MONTH}) +(?<day>\\d{1,2}) ${CLOCK}`
/** `Apr29 04:30` (dmesg --reltime, where a minute begins). */
export const MINUTE = `(?<month>${MONTH}) *(?<day>\\d{1,2}) (?<hour>\\d\\d):(?<minute>\\d\\d)`

/** The time that named groups of one of these patterns give; null for the 32nd of a month and its like. */
export function wallTime(groups: Record<string, string | undefined>): WallTime | null {
  const month = MONTHS.includes(groups.month!) ? MONTHS.indexOf(groups.month!) : Number(groups.month) - 1
  const [day, hour, minute, second] = [groups.day, groups.hour, groups.minute, groups.second].map((n) => Number(n ?? 0))
  if (month < 0 || month > 11 || !(day! >= 1 && day! <= 31 && hour! < 24 && minute! < 60 && second! <= 60)) return null
  const ofDay = (hour! * 60 + minute!) * 60 + second!
  const days = groups.year ? Date.UTC(Number(groups.year), month, day) / 86_400_000 : DAYS_BEFORE[month]! + day! - 1
  const seconds = days * 86_400 + ofDay - zoneSeconds(groups.zone)
  return {
    ns: BigInt(seconds) * 1_000_000_000n + fractionNs(groups.fraction),
    zone: groups.zone !== undefined || groups.named === 'UTC',
    year: groups.year !== undefined,
  }
}

function zoneSeconds(zone: string | undefined): number {
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(zone ?? '')
  if (!match) return 0
  const seconds = (Number(match[2]) * 60 + Number(match[3])) * 60
  return match[1] === '-' ? -seconds : seconds
}

/** Nanoseconds of the digits behind a decimal point. */
export function fractionNs(digits: string | undefined): bigint {
  return BigInt((digits ?? '').padEnd(9, '0'))
}

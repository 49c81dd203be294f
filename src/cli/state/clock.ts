import { spanText, timeText } from '../summary/quantity.ts'

/** Times as they look from one moment. */
export interface Clock {
  /** `67.868700 (12 ms)`: when, and for how long by then. */
  since(ns: bigint): string
  /** `12 ms before (67.868700)`. */
  ago(ns: bigint): string
  span(ns: bigint): string
  time(ns: bigint): string
}

export function createClock(at: bigint, ticks: boolean): Clock {
  const span = (ns: bigint) => spanText(at - ns, ticks)
  const time = (ns: bigint) => timeText(ns, ticks)
  return {
    span,
    time,
    since: (ns) => `${time(ns)} (${span(ns)})`,
    ago: (ns) => `${span(ns)} before (${time(ns)})`,
  }
}

import { printable } from '../../output/table.ts'
import { many, timeText } from './quantity.ts'

export interface ShownGap {
  cpu: number | bigint | null
  fromNs: bigint | null
  toNs: bigint | null
  lost: bigint | null
  reason: string
}

/** `gap on CPU 1 from 67.868756 to 67.868801: 252 events missing (the ring buffer was full)`. */
export function gapText({ cpu, fromNs, toNs, lost, reason }: ShownGap, ticks: boolean): string {
  const where = cpu === null ? '' : ` on CPU ${cpu}`
  const from = fromNs === null ? 'the beginning' : timeText(fromNs, ticks)
  const to = toNs === null ? 'the end' : timeText(toNs, ticks)
  const what = lost === null ? 'an unknown number of events' : many(lost, 'event')
  return `gap${where} from ${from} to ${to}: ${what} missing (${printable(reason)})`
}

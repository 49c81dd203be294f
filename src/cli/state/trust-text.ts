import type { GapAt, Trust } from '../../projection/state/trust.ts'
import { count, many } from '../summary/quantity.ts'
import type { Clock } from './clock.ts'

/** Why what is told may not be so. */
export function* trustText({ open, before, complete, tier }: Trust, clock: Clock): Generator<string> {
  for (const gap of open) yield `in a gap: ${gapText(gap, clock)}`
  if (before > 0) yield `${many(before, 'gap')} lay before: what was lost there may still be so`
  if (tier === 'T0' || tier === 'T1') yield `tier ${tier}: maps, unmaps and revokes are not recorded`
  if (!complete) yield 'the capture is not read to its end'
}

function gapText({ cpu, fromNs, toNs, lost, reason }: GapAt, clock: Clock): string {
  const where = cpu === null ? '' : ` on CPU ${cpu}`
  const what = lost === null ? 'events may be missing' : `${count(lost)} ${lost === 1n ? 'event' : 'events'} missing`
  const from = fromNs === null ? 'from before the trace' : `from ${clock.time(fromNs)}`
  return `${what}${where}, ${from} to ${toNs === null ? 'its end' : clock.time(toNs)} (${reason})`
}

import type { GapRow } from '../read-model.ts'
import { describeGap, FAULTS_LIMITED } from '../world/window.ts'

/** Why a fault stays open that nothing known covered: whatever gap began before it may hold the map. */
export const MISSED_BEFORE_FAULT =
  'events are missing before this fault: the mapping that covered the address may be among them'

/** Times that a finding speaks of, in nanoseconds of the capture's clock. */
export interface Reach {
  from: bigint
  to: bigint
}

/**
 * The gaps that a finding's `missing` names. It names one, in words that others may share: where several fit, those
 * that lie in the finding's reach are meant; null reaches everywhere. Empty where no gap stands in the way.
 */
export function gapsNamed(missing: string | null, gaps: readonly GapRow[], reach: Reach | null): GapRow[] {
  if (missing === null) return []
  if (missing === MISSED_BEFORE_FAULT)
    return gaps.filter(({ fromNs }) => fromNs === null || reach === null || fromNs <= reach.to)
  const exact = gaps.filter((gap) => begins(missing, wordsOf(gap)))
  // A gap that was open still when the finding was made has grown since.
  const named = exact.length > 0 ? exact : gaps.filter((gap) => begins(uncounted(missing), uncounted(wordsOf(gap))))
  const near = named.filter(
    ({ fromNs, toNs }) =>
      reach === null || ((fromNs === null || fromNs <= reach.to) && (toNs === null || toNs >= reach.from)),
  )
  return near.length > 0 ? near : named
}

function wordsOf({ id, cpu, fromNs, toNs, lost, reason }: GapRow): string {
  return describeGap({ id, cpu, from: fromNs, to: toNs, lost, reason, seq: 0, faults: reason === FAULTS_LIMITED })
}

/** Alone, or with what may have happened in it behind a colon. */
function begins(missing: string, words: string): boolean {
  return missing === words || missing.startsWith(`${words}:`)
}

function uncounted(words: string): string {
  return words.replace(/^(?:\d+|an unknown number of) /, '')
}

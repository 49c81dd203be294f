import type Database from 'better-sqlite3'
import type { Capture } from '../../log/captures.ts'

export interface GapAt {
  cpu: number | null
  fromNs: bigint | null
  toNs: bigint | null
  lost: bigint | null
  reason: string
}

/** How far what is told of a moment can be trusted. */
export interface Trust {
  /** Gaps that the moment lies in: what happened since they began may not have been recorded. */
  open: GapAt[]
  /** Gaps that were over by then: what was lost in them may still be so. */
  before: number
  firstNs: bigint | null
  lastNs: bigint | null
  /** False where the capture is still being read. */
  complete: boolean
  /** The tier of evidence of the whole capture. */
  tier: string | null
}

export function trustAt(sqlite: Database.Database, capture: Capture, at: bigint): Trust {
  const gaps = sqlite
    .prepare('SELECT cpu, from_ns AS fromNs, to_ns AS toNs, lost, reason FROM gap WHERE capture = ? ORDER BY id')
    .safeIntegers()
    .all(capture.capture) as (Omit<GapAt, 'cpu'> & { cpu: bigint | null })[]
  const begun = gaps.filter(({ fromNs }) => fromNs === null || fromNs <= at)
  const open = begun.filter(({ toNs }) => toNs === null || toNs > at)
  const tier = sqlite.prepare('SELECT tier FROM checkpoint WHERE capture = ?').pluck().get(capture.capture)
  return {
    open: open.map(({ cpu, ...rest }) => ({ cpu: cpu === null ? null : Number(cpu), ...rest })),
    before: begun.length - open.length,
    firstNs: capture.firstNs,
    lastNs: capture.lastNs,
    complete: capture.complete,
    tier: (tier ?? null) as string | null,
  }
}

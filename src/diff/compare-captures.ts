import { isIncomplete, lostSight } from './compare-coverage.ts'
import { compareFindings, type FindingDifference } from './compare-findings.ts'
import { compareImporters, type ImporterDifference } from './compare-importers.ts'
import { compareLatencies, type LatencyDifference } from './compare-latencies.ts'
import type { CaptureEvidence } from './evidence.ts'

/** What changed from one capture to another. */
export interface Difference {
  findings: FindingDifference[]
  importers: ImporterDifference[]
  latencies: LatencyDifference[]
  /** Why what is gone in the second may only not have been seen. */
  lostSight: string[]
  /** The evidence of either leaves something open. */
  incomplete: boolean
}

export function compareCaptures(before: CaptureEvidence, after: CaptureEvidence): Difference {
  const coverage = { before: before.coverage, after: after.coverage }
  const attached = new Set(after.importers.flatMap(({ device, callback }) => [device, callback]))
  return {
    findings: compareFindings(before.findings, after.findings, coverage, attached),
    importers: compareImporters(before.importers, after.importers),
    latencies: compareLatencies(before.latencies, after.latencies, !before.coverage.ticks && !after.coverage.ticks),
    lostSight: lostSight(before.coverage, after.coverage),
    incomplete: isIncomplete(before.coverage) || isIncomplete(after.coverage),
  }
}

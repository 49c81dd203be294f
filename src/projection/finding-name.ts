import { createHash } from 'node:crypto'
import type { FindingRow } from '../domain/read-model.ts'

/**
 * The public id of a finding: the same in every database that holds the trace, after a rebuild, and while further
 * evidence of the same finding comes in. `capture` tells the trace: see `captureKey`.
 */
export function findingName(capture: string, finding: Pick<FindingRow, 'rule' | 'id' | 'evidence'>): string {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([capture, finding.rule, finding.id, finding.evidence[0] ?? null]))
  return hash.digest('hex').slice(0, 12)
}

/** Captures with the same first 64 KiB, such as a trace and a longer one of the same boot, are told apart by their order. */
export function captureKey(headDigest: string, earlierWithSameHead: number): string {
  return `${headDigest}#${earlierWithSameHead}`
}

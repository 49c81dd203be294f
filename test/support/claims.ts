import type { FindingRow } from '../../src/domain/read-model.ts'
import { type Folded, foldText } from './fold-file.ts'
import { joinTrace, type TraceLine } from './lines.ts'

/** Violations that the folded trace claims and the full one does not: same rule, buffer and importer. */
export async function newClaims(full: Folded, lines: readonly TraceLine[], options: unknown = {}): Promise<string[]> {
  const { findings } = await foldText(joinTrace(lines), options)
  return claims(findings)
    .filter((claim) => !claims(full.findings).some((known) => isSame(claim, known)))
    .map((claim) => `${claim.rule}: ${claim.summary}`)
}

/** A loss is itself a finding, of a rule of its own. */
function claims(findings: readonly FindingRow[]): FindingRow[] {
  return findings.filter((finding) => finding.verdict === 'violated' && finding.rule !== 'incomplete-log')
}

function isSame(a: FindingRow, b: FindingRow): boolean {
  const agree = <T>(x: T | null, y: T | null) => x === null || y === null || x === y
  return a.rule === b.rule && agree(a.ino, b.ino) && agree(a.importerDevice, b.importerDevice)
}

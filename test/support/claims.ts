import type { FindingRow } from '../../src/domain/read-model.ts'
import type { EpisodeVerdict } from '../../src/domain/rules.ts'
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

interface Episode {
  what: string
  from: bigint
  /** Null where it never ended. */
  until: bigint | null
  verdict: EpisodeVerdict
}

/**
 * Revocations and resets that the folded trace calls clean and the full one does not: neither may a loss acquit. An
 * episode is known by its buffer or device and by its time, since what was lost may be its beginning.
 */
export function falseAllClears(full: Folded, less: Folded): string[] {
  const whole = episodesOf(full)
  return episodesOf(less)
    .filter(({ verdict }) => verdict === 'clean')
    .filter((one) => wholeOf(one, whole)?.verdict === 'violated')
    .map(({ what, from }) => `clean: ${what} at ${from}`)
}

function episodesOf({ revocations, resets }: Folded): Episode[] {
  return [
    ...revocations.map((r) => ({
      what: `revocation of ${r.ino}`,
      from: r.requestedNs,
      until: r.restoredNs ?? r.completedNs,
      verdict: r.verdict,
    })),
    ...resets.map((r) => ({
      what: `reset of ${r.device}`,
      from: r.startedNs,
      until: r.finishedNs,
      verdict: r.verdict,
    })),
  ]
}

/** The latest one that had begun by then and was not over. */
function wholeOf(one: Episode, whole: readonly Episode[]): Episode | undefined {
  return whole
    .filter(({ what, from, until }) => what === one.what && from <= one.from && (until === null || one.from <= until))
    .sort((a, b) => Number(b.from - a.from))[0]
}

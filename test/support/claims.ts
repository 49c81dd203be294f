import type { FindingRow } from '../../src/domain/read-model.ts'
import type { EpisodeVerdict } from '../../src/domain/rules.ts'
import { type Folded, foldText } from './fold-file.ts'
import { joinTrace, type TraceLine } from './lines.ts'

/** What the damaged trace says and the whole one does not bear out: new violations, and false all-clears. */
export async function contradictions(
  full: Folded,
  lines: readonly TraceLine[],
  options: unknown = {},
): Promise<string[]> {
  const less = await foldText(joinTrace(lines), options)
  return [...newClaims(full, less), ...falseAllClears(full, less, hearsFaults(lines))]
}

/** Violations that the folded trace claims and the full one does not: same rule, buffer and importer. */
export function newClaims(full: Folded, { findings }: Folded): string[] {
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
  ino: bigint | null
  from: bigint
  /** Null where it never ended. */
  until: bigint | null
  verdict: EpisodeVerdict
}

/**
 * Revocations and resets that the damaged trace calls clean and the whole one violated. An episode is known by its
 * buffer or device and by its time, since what was lost may be its beginning. That nobody used a mapping after its
 * revoke no verdict promises where the kernel log was not recorded.
 */
export function falseAllClears(full: Folded, less: Folded, hearsFaults: boolean): string[] {
  const whole = episodesOf(full)
  const used = full.findings.filter(({ rule }) => rule === 'use-after-revoke').map(({ ino }) => ino)
  return episodesOf(less)
    .filter(({ verdict, ino }) => verdict === 'clean' && (hearsFaults || ino === null || !used.includes(ino)))
    .filter((one) => wholeOf(one, whole)?.verdict === 'violated')
    .map(({ what, from }) => `clean: ${what} at ${from}`)
}

function hearsFaults(lines: readonly TraceLine[]): boolean {
  return lines.some(({ event }) => event?.name === 'console' || event?.name === 'io_page_fault')
}

function episodesOf({ revocations, resets }: Folded): Episode[] {
  return [
    ...revocations.map((r) => ({
      what: `revocation of ${r.ino}`,
      ino: r.ino,
      from: r.requestedNs,
      until: r.restoredNs ?? r.completedNs,
      verdict: r.verdict,
    })),
    ...resets.map((r) => ({
      what: `reset of ${r.device}`,
      ino: null,
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

import { useAfterRevoke } from './access-rules.ts'
import { fencesNotAwaited, lateFence } from './fence-rules.ts'
import { type OracleFinding, observe } from './finding.ts'
import { importerLostMapping, invalidateIgnored, lateUnmap, nonRevocableImporter } from './invalidate-rules.ts'
import { leaks, pinImbalance, releasedWhileAttached, usesAfterTheEnd } from './lifetime-rules.ts'
import { earlyRestore, exportersSeenToRevoke, resetWhileMapped, resetWithoutRevoke } from './reset-rules.ts'
import { attachesWhileRevoked, mapsWhileRevoked, restoresOfTheDead } from './revoked-rules.ts'
import { deviceLostWhileMapped, incompleteLog, kernelSplats } from './surroundings-rules.ts'

export type { OracleFinding } from './finding.ts'

/**
 * A second, naive judgement of a trace, for tests to hold the engine against: written from the domain reference and the
 * contract alone, quadratic, and sharing no line with what it checks.
 *
 * @param text Kernel `trace` text, recorded with the recommended probes.
 * @returns Findings in order of time. `access-after-fences` (no evidence in the tree) and `capability-changed` (the
 *   trace does not name the driver) are not judged.
 */
export function judge(text: string): OracleFinding[] {
  const world = observe(text)
  const findings = [
    ...useAfterRevoke(world),
    ...lateUnmap(world),
    ...mapsWhileRevoked(world),
    ...attachesWhileRevoked(world),
    ...restoresOfTheDead(world),
    ...fencesNotAwaited(world),
    ...lateFence(world),
    ...resetWhileMapped(world),
    ...resetWithoutRevoke(world),
    ...earlyRestore(world),
    ...nonRevocableImporter(world, exportersSeenToRevoke(world)),
    ...invalidateIgnored(world),
    ...importerLostMapping(world),
    ...leaks(world),
    ...usesAfterTheEnd(world),
    ...releasedWhileAttached(world),
    ...pinImbalance(world),
    ...deviceLostWhileMapped(world),
    ...kernelSplats(world),
    ...incompleteLog(world),
  ]
  return findings.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

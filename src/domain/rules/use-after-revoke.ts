import { MISSED_BEFORE_FAULT } from '../evidence/gaps-named.ts'
import { unseenText } from '../evidence/unseen.ts'
import { isVfioExporter } from '../evolve/vfio-devices.ts'
import type { Facts } from '../facts.ts'
import { addEvidence, type Draft, demoteOf, type Finding, report, uphold } from '../findings.ts'
import type { Mapping, Revocation, Sighting } from '../world/entities.ts'
import { mappingsCovering } from '../world/mapping-index.ts'
import { tied } from '../world/order.ts'
import { describeGap, gapBetween } from '../world/window.ts'
import type { World } from '../world/world.ts'
import type { RuleModule } from './rule.ts'
import { bufferName, hex, importerName, span } from './wording.ts'

/**
 * R1. A device used a mapping after it had been taken down: its IOMMU refused an access to an address that a retired
 * mapping of that device had covered.
 *
 * Traps: IOVAs are used again, so a mapping that is live now answers for the address (a fault inside it is a direction
 * error, not a use after), and the newest retired one is not always the culprit; a fault line can be printed
 * milliseconds after the access, and so after an innocent unmap; who had the address a moment ago may have kept it; one
 * address exists once in every device's space.
 */
export const useAfterRevoke: RuleModule = {
  rule: 'use-after-revoke',
  on: {
    // What was taken for over when the access came was not.
    unmapped({ mapping }, world) {
      if (!mapping.flagged.includes('use-after-revoke')) return
      const early = (draft: Draft) => draft.mapping === mapping && draft.at.seq < mapping.unmapped!.seq
      demoteOf(world, 'use-after-revoke', early, 'the unmap had begun, and returned only after the access')
    },
    access(fact, world) {
      const candidates = mappingsCovering(world.mappings, fact.device, fact.address)
      const live = candidates.find((m) => goneAt(m) === null)
      if (live) return doubtLive(world, live, candidates, fact)
      const [newest] = candidates
      if (newest) blame(world, newest, candidates, fact)
      else orphan(world, fact)
    },
  },
}

/** A mapping that is live answers for its address, unless its end may have been lost: then another's use is not ruled out. */
function doubtLive(world: World, newest: Mapping, candidates: Mapping[], fact: Facts['access']): void {
  const gap = gapBetween(world.window, newest.mapped?.ns ?? null, fact.at.ns)
  if (!gap) return
  for (const mapping of candidates)
    if (mapping.revocation && within(mapping))
      mapping.revocation.doubt ??= `${describeGap(gap)}: the end of the mapping that is still at an address that was used may be among them`
}

/** While it is not known whether its unmap's return shows, from the entry on. */
function goneAt({ unmapped, leaving, unmapEntered }: Mapping): Sighting | null {
  return unmapped ?? (leaving && unmapEntered)
}

function isByRevoke({ endedBy, leaving, invalidated }: Mapping): boolean {
  return endedBy === 'revoke' || !!(leaving && invalidated)
}

function blame(world: World, mapping: Mapping, candidates: Mapping[], fact: Facts['access']): void {
  const gone = goneAt(mapping)!
  const late = fact.at.ns - gone.ns
  const missing = doubt(world, mapping, candidates, fact)
  const earlier = spoken(world, mapping)
  const suspected = missing ? candidates.flatMap((m) => (m.revocation && within(m) ? [m.revocation] : [])) : []
  if (earlier && (earlier.verdict === 'violated' || missing)) {
    addEvidence(world, earlier, fact.at)
    for (const revocation of suspected) revocation.doubt ??= missing
    return
  }
  const way = fact.direction === null ? 'accessed' : fact.direction === 'write' ? 'wrote to' : 'read from'
  const revoked = isByRevoke(mapping) ? 'the revoke had it unmapped' : 'it had been unmapped'
  const draft: Draft = {
    rule: 'use-after-revoke',
    severity: 'critical',
    at: fact.at,
    mapping,
    revocation: within(mapping) ? mapping.revocation : null,
    suspected,
    iova: fact.address,
    comm: mapping.unmappedComm,
    pid: mapping.unmappedPid,
    evidence: [mapping.mapped, mapping.invalidated, mapping.unmapEntered, gone, fact.at],
    absent: { from: gone.ns, to: fact.at.ns },
    needs: [['map']],
    missing,
    summary: `${importerName(mapping.attachment)} ${way} ${hex(fact.address)}, ${span(late)} after ${revoked}: ${bufferName(mapping.buffer)}`,
  }
  mapping.flagged.push('use-after-revoke')
  leaveOpen(mapping, gone)
  if (earlier) uphold(world, earlier, draft)
  else report(world, draft)
}

/** The access is nobody's, and yet the revocation may have had the mapping unmapped, or may not have been over. */
function leaveOpen({ buffer, revocation: own }: Mapping, gone: Sighting): void {
  const revocation = own ?? buffer?.revocation
  if (!revocation || revocation.restored) return
  const { notified, invalidated } = revocation
  const isBegunBefore = own !== null || (notified?.seq === invalidated.seq && gone.seq < invalidated.seq)
  if (isBegunBefore)
    revocation.doubt ??= 'a mapping was used after its end, and whether in this revocation is not known'
}

/** Use after the restore is charged to the mapping, not to the episode (CONTRACT §5.6); VFIO's restore only its move shows. */
function within({ revocation, buffer }: Mapping): boolean {
  if (revocation?.kind === 'invalidate' && isVfioExporter(buffer?.exporter ?? null)) return false
  return !revocation?.restored
}

function doubt(world: World, mapping: Mapping, candidates: Mapping[], fact: Facts['access']): string | null {
  const gone = goneAt(mapping)!
  if (fact.exact) {
    const tie = tied('the access and the end of the mapping', gone, fact.at)
    if (tie) return tie
    const entryOnly = mapping.unmapEntered?.seq === gone.seq
    const elsewhere = world.record.pid !== mapping.unmappedPid
    return entryOnly && elsewhere && fact.at.ns - gone.ns < world.thresholds.faultDelay
      ? 'the return of the unmap is not probed, and another thread accessed soon after its entry: it may not have been over'
      : null
  }
  if (world.ticks)
    return 'the clock of this trace is not in seconds: a fault line printed late cannot be told from a late access'
  const { faultDelay, addressShared } = world.thresholds
  const recent = candidates.find((m) => fact.at.ns - goneAt(m)!.ns < faultDelay)
  if (recent) {
    return `a fault is printed up to ${span(faultDelay)} after the access, and a mapping of this address ended ${span(fact.at.ns - goneAt(recent)!.ns)} before the line`
  }
  const lately = candidates.find((m) => m.buffer !== mapping.buffer && fact.at.ns - goneAt(m)!.ns < addressShared)
  if (lately)
    return `${bufferName(lately.buffer)} was at this address as well, until ${span(fact.at.ns - goneAt(lately)!.ns)} before: which of the two was meant the fault does not say`
  if (isByRevoke(mapping)) return null
  const gap = gapBetween(world.window, null, mapping.mapped?.ns ?? fact.at.ns)
  if (gap) return `${describeGap(gap)}: an earlier use of the address may be among them`
  const other = candidates.find((m) => m.buffer !== mapping.buffer)
  return other
    ? `the address was used before by ${bufferName(other.buffer)}, whose importer may have kept it: which of the two was meant the fault does not say`
    : null
}

function spoken(world: World, mapping: Mapping): Finding | null {
  for (let i = world.findings.length - 1; i >= 0; i--) {
    const finding = world.findings[i]!
    if (finding.draft.rule === 'use-after-revoke' && finding.draft.mapping === mapping) return finding
  }
  return null
}

/** A fault where nothing was known to be mapped says something only if mappings could have been missed. */
function orphan(world: World, fact: Facts['access']): void {
  const gap = gapBetween(world.window, null, fact.at.ns)
  const revocations = gap ? [] : unlocated(world, fact.device)
  if (!gap && world.seen.has('map') && revocations.length === 0) return
  if (world.unreleased.size === 0 && !gap) return
  const earlier = world.findings.find(
    (f) => f.draft.rule === 'use-after-revoke' && !f.draft.mapping && f.draft.importerDevice === fact.device,
  )
  if (earlier) return addEvidence(world, earlier, fact.at)
  report(world, {
    rule: 'use-after-revoke',
    severity: 'critical',
    at: fact.at,
    importerDevice: fact.device,
    suspected: revocations,
    iova: fact.address,
    evidence: [fact.at],
    missing: gap ? MISSED_BEFORE_FAULT : world.seen.has('map') ? NOWHERE : unseenText(['map']),
    summary: `${fact.device} was refused an access to ${hex(fact.address)}; which buffer was there is not in the trace`,
  })
}

/** Where no map has shown an address: revocations that have taken away what this device had. */
function unlocated(world: World, device: string): Revocation[] {
  const { mappings, counts, functions } = world
  const isShown = mappings.size > 0 || (counts.mappings === 0 && MAP_RETURNS.some((fn) => functions.has(fn)))
  if (isShown) return []
  return [...world.unreleased].flatMap(({ revocation, attachments }) =>
    revocation && !revocation.restored && [...attachments].some((a) => a.device === device) ? [revocation] : [],
  )
}

const NOWHERE = 'no map in this trace shows its address: which mapping was there is not known'
const MAP_RETURNS = ['dma_buf_map_attachment%return', 'dma_buf_map_attachment_unlocked%return']

import { isWaitedFor, letGoSince } from '../evolve/mappings.ts'
import { unmapProbes } from '../evolve/unmap-evidence.ts'
import { isVfioExporter } from '../evolve/vfio-devices.ts'
import { demoteOf, report } from '../findings.ts'
import type { Mapping, Revocation, Sighting } from '../world/entities.ts'
import { tied } from '../world/order.ts'
import type { World } from '../world/world.ts'
import type { RuleModule } from './rule.ts'
import { joinDoubt, mappingName, span } from './wording.ts'

/**
 * R2. An importer that can be told kept its mapping for longer than the deadline after it was told: counted from the
 * later of "all importers notified" and "fences drained" to the unmap's return.
 *
 * Traps: importers without the callback have no deadline (`invalidate-ignored`); an importer that defers is in time as
 * long as it is bounded; until the fences have drained its time has not begun; a trace that ends soon after the invalidate proves nothing.
 */
export const lateUnmap: RuleModule = {
  rule: 'late-unmap',
  on: {
    unmapped({ mapping }, world) {
      const missing = tied('the unmap and the release', mapping.buffer?.released, mapping.unmapped)
      if (missing) demoteOf(world, 'late-unmap', (draft) => draft.mapping === mapping, missing)
      const from = letGoSince(mapping, mapping.unmapped!)
      if (!from || world.ticks || !hasCallback(mapping) || isWaitedFor(mapping, mapping.unmapped!)) return
      if (mapping.flagged.includes('late-unmap')) return
      const took = mapping.unmapped!.ns - from.ns
      if (took >= world.thresholds.lateUnmapWarning) late(world, mapping, from, mapping.unmapped!, took)
    },
    released({ buffer }, world) {
      for (const mapping of buffer.mappings) never(world, mapping, world.now, 'when the buffer was released')
    },
    ended({ at }, world) {
      for (const buffer of world.unreleased)
        for (const mapping of buffer.mappings) never(world, mapping, at, 'when the trace ends')
    },
  },
}

function hasCallback(mapping: Mapping): boolean {
  const importer = mapping.attachment!.class
  return importer !== 'legacy' && importer !== 'pinned'
}

function classDoubt(mapping: Mapping): string | null {
  return mapping.attachment!.class === 'unknown' ? 'whether this importer can be told at all is not in the trace' : null
}

const WAITED_FOR = 'the exporter still waits for fences: the deadline counts from when they have drained'

/** Mapped after it had been told, it had nothing to let go. */
function tie({ mapped, invalidated }: Mapping): string | null {
  return tied('the map and the revoke', mapped, invalidated)
}

/** While a move lasts it may be waiting for a fence still: the entry of that wait says so, or that none was added. */
function waitProbes({ seen }: World, { buffer, completed, fences }: Revocation): string[][] {
  if (!isVfioExporter(buffer.exporter) || completed !== null || fences !== null) return []
  const waits = ['dma_resv_wait_timeout%entry', 'fence-wait']
  if (buffer.fences.size > 0) return [waits]
  return seen.has('fence') ? [[...waits, 'reservation-add']] : []
}

function late(world: World, mapping: Mapping, from: Sighting, to: Sighting, took: bigint): void {
  report(world, {
    rule: 'late-unmap',
    severity: took >= world.thresholds.lateUnmapError ? 'error' : 'warning',
    at: from,
    mapping,
    revocation: mapping.told,
    comm: mapping.unmappedComm,
    pid: mapping.unmappedPid,
    evidence: [mapping.mapped, mapping.invalidated, from, mapping.unmapEntered, to],
    absent: { from: mapping.mapped?.ns ?? from.ns, to: to.ns },
    // A detach ends a mapping whose unmap was not recorded: it may have come long before.
    needs: mapping.endedBy === 'detach' ? unmapProbes(world, mapping) : [],
    missing: classDoubt(mapping) ?? tie(mapping) ?? joinDoubt(mapping.attachment!),
    summary: `${mappingName(mapping)} was unmapped ${span(took)} after its importer had been told to let go`,
  })
}

function never(world: World, mapping: Mapping, at: Sighting, when: string): void {
  const from = letGoSince(mapping, at)
  if (!from || !hasCallback(mapping)) return
  mapping.flagged.push('late-unmap')
  const waited = at.ns - from.ns
  const enough = !world.ticks && waited >= world.thresholds.lateUnmapWarning
  const released = mapping.buffer?.released !== null
  report(world, {
    rule: 'late-unmap',
    severity: 'error',
    at: from,
    mapping,
    revocation: mapping.told,
    evidence: [mapping.mapped, mapping.invalidated, from, at],
    absent: { from: mapping.mapped?.ns ?? from.ns, to: at.ns },
    needs: [...unmapProbes(world, mapping), ...waitProbes(world, mapping.told!)],
    missing:
      classDoubt(mapping) ??
      (isWaitedFor(mapping, at) ? WAITED_FOR : null) ??
      tie(mapping) ??
      (mapping.leaving ? 'its unmap had begun, and no event says whether it was over' : null) ??
      joinDoubt(mapping.attachment!) ??
      (enough || released ? null : `the trace ends ${span(waited)} after the importer was told, within its deadline`),
    summary: `${mappingName(mapping)} was still there ${when}, ${span(waited)} after its importer had been told to let go`,
  })
}

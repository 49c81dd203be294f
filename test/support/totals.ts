/** Aggregated truth of traces too large for a truth of each row (`*.totals.json`), and the same sums of what was folded. */
import type { Folded } from './fold-file.ts'

export interface Totals {
  lines: { events: number }
  buffers: { exported: number; by_exporter: Record<string, number>; released: number; vfio_with_device: number }
  attachments: {
    ok: number
    refused: Record<string, number>
    by_device_class: { device: string; class: string; errno: number; count: number }[]
    detached: number
  }
  mappings: { ok: number; unmapped: number }
  revocations: { total: number; buffers_ever_revoked: number; restored: number; mappings_unmapped_by_revoke: number }
  resets: { total: number; flr: number; with_live_mappings: unknown[] }
  expected_findings: { use_after_revoke: Claim[]; arguable: Claim[] }
}

interface Claim {
  rule: string
  ino: string
  importer_device: string
}

/** The sums that a fold can be held to, under the names of the totals. */
export function sums(totals: Totals) {
  const { buffers, attachments, mappings, revocations, resets } = totals
  return {
    events: totals.lines.events,
    exported: buffers.exported,
    byExporter: buffers.by_exporter,
    released: buffers.released,
    withDevice: buffers.vfio_with_device,
    attached: attachments.ok,
    refused: attachments.refused,
    detached: attachments.detached,
    classes: Object.fromEntries(
      attachments.by_device_class.map((row): [string, number] => [
        `${row.device} ${row.class} ${-row.errno}`,
        row.count,
      ]),
    ),
    mapped: mappings.ok,
    unmapped: mappings.unmapped,
    revocations: revocations.total,
    revokedBuffers: revocations.buffers_ever_revoked,
    restored: revocations.restored,
    unmappedByRevoke: revocations.mappings_unmapped_by_revoke,
    resets: resets.total,
    flr: resets.flr,
    resetsOverMappings: resets.with_live_mappings.length,
  }
}

export function sumsOf(folded: Folded): ReturnType<typeof sums> {
  const { buffers, attachments, mappings, revocations, resets } = folded
  const ok = attachments.filter((a) => a.refusedErrno === null)
  const count = (keys: string[]) => {
    const counts: Record<string, number> = {}
    for (const key of keys) counts[key] = (counts[key] ?? 0) + 1
    return counts
  }
  return {
    events: folded.events,
    exported: buffers.filter((b) => b.exportedNs !== null).length,
    byExporter: count(buffers.map((b) => String(b.exporter))),
    released: buffers.filter((b) => b.releasedNs !== null).length,
    withDevice: buffers.filter((b) => b.exporterDevice !== null).length,
    attached: ok.length,
    refused: count(attachments.flatMap((a) => (a.refusedErrno === null ? [] : [String(-a.refusedErrno)]))),
    detached: ok.filter((a) => a.detachedNs !== null).length,
    classes: count(attachments.map((a) => `${a.importerDevice} ${a.class} ${a.refusedErrno ?? 0}`)),
    mapped: mappings.length,
    unmapped: mappings.filter((m) => m.unmappedNs !== null).length,
    revocations: revocations.length,
    revokedBuffers: new Set(revocations.map((r) => r.buffer)).size,
    restored: revocations.filter((r) => r.restoredNs !== null).length,
    unmappedByRevoke: mappings.filter((m) => m.endedBy === 'revoke').length,
    resets: resets.length,
    flr: resets.filter((r) => r.method === 'flr').length,
    resetsOverMappings: resets.filter((r) => r.mappingsLive > 0).length,
  }
}

/** What is claimed for certain, and what of it must be and may be. */
export function claimsOf(folded: Folded, { expected_findings }: Totals) {
  const name = (claim: Claim) => `${claim.rule} ${claim.ino} ${claim.importer_device}`
  const claimed = folded.findings
    .filter((f) => f.verdict === 'violated' && f.severity !== 'info')
    .map((f) => `${f.rule} ${f.ino} ${f.importerDevice}`)
  const expected = expected_findings.use_after_revoke.map(name)
  const allowed = new Set([...expected, ...expected_findings.arguable.map(name)])
  return {
    missed: expected.filter((one) => !claimed.includes(one)),
    false: claimed.filter((one) => !allowed.has(one)),
  }
}

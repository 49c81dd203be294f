import type { Folded } from './fold-file.ts'

/** How the names of a trace whose things were renamed were spelt before. */
export interface FormerNames {
  ino?: (ino: bigint | null) => bigint | null
  device?: (device: string | null) => string | null
}

/** What of a fold may not depend on the names of things, nor on where lines stand. */
export function shapeOf(folded: Folded, { ino = same, device = same }: FormerNames = {}) {
  const { findings, buffers, resets, revocations, mappings } = folded
  const { attachments } = folded
  return {
    findings: findings.map((f) => [
      f.rule,
      f.severity,
      f.verdict,
      ino(f.ino),
      device(f.exporterDevice),
      device(f.importerDevice),
      f.importerClass,
      f.evidence.length,
    ]),
    buffers: buffers.map((b) => [
      ino(b.ino),
      b.exporter,
      device(b.exporterDevice),
      b.state,
      b.revocations,
      b.attachments,
      b.mappings,
    ]),
    attachments: attachments.map((a) => [ino(a.ino), device(a.importerDevice), a.class, a.refusedErrno]),
    resets: resets.map((r) => [device(r.device), r.method, r.trigger, r.verdict, r.mappingsLive]),
    revocations: revocations.map((r) => [ino(r.ino), r.cause, r.permanent, r.verdict]),
    mappings: mappings.map((m) => [ino(m.ino), device(m.importerDevice), m.iova, m.endedBy, m.liveAtReset]),
  }
}

function same<T>(name: T): T {
  return name
}

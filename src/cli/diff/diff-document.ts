import type { Difference } from '../../diff/compare-captures.ts'
import type { Distribution } from '../../diff/compare-latencies.ts'
import type { Coverage, ImporterFact } from '../../diff/evidence.ts'
import type { Capture } from '../../log/captures.ts'

/** One side of a comparison. */
export interface Side {
  capture: Capture
  coverage: Coverage
}

/** What `diff --json` prints. 64-bit integers are decimal strings, as in the queries. */
export function diffDocument(before: Side, after: Side, difference: Difference, worse: boolean) {
  const { findings, importers, latencies, lostSight, incomplete } = difference
  return {
    before: sideDocument(before),
    after: sideDocument(after),
    worse,
    incomplete,
    lost_sight: lostSight,
    findings: findings.map(({ importerClass, importer, before: then, after: now, ...rest }) => ({
      ...rest,
      importer_class: importerClass,
      importer,
      before: then,
      after: now,
    })),
    importers: importers.map(({ device, change, fields, before: then, after: now }) => ({
      device,
      change,
      fields,
      before: then.map(importerDocument),
      after: now.map(importerDocument),
    })),
    latencies: latencies.map(({ before: then, after: now, ...rest }) => ({
      ...rest,
      before: distributionDocument(then),
      after: distributionDocument(now),
    })),
  }
}

function sideDocument({ capture, coverage }: Side) {
  const { tier, gaps, malformed, complete, undetermined, buffers, attachments, revocations, resets } = coverage
  const { capture: number, name, kernel } = capture
  return {
    capture: number,
    name,
    kernel,
    tier,
    gaps,
    malformed,
    complete,
    undetermined,
    buffers,
    attachments,
    revocations,
    resets,
  }
}

function importerDocument({ class: importerClass, callback, p2p, basis, deferred }: ImporterFact) {
  return { class: importerClass, callback, p2p, basis, deferred }
}

function distributionDocument({ n, p50, p90, max }: Distribution) {
  const text = (ns: bigint | null) => (ns === null ? null : String(ns))
  return { n, p50_ns: text(p50), p90_ns: text(p90), max_ns: text(max) }
}

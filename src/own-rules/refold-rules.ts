import type { FindingRow } from '../domain/read-model.ts'
import type { OwnRule } from '../domain/rules.ts'
import { OWN_PREFIX } from '../domain/rules.ts'
import type { Capture } from '../log/captures.ts'
import type { LogConnection } from '../log/connection.ts'
import { readInputs } from '../log/read-inputs.ts'
import { createFold } from '../projection/fold.ts'
import { foldFor, refold } from '../projection/refold.ts'
import type { Numbering, Store } from '../projection/store.ts'
import type { ModuleRule } from './load-module.ts'
import { toRuleModule } from './module-listeners.ts'
import type { OwnFinding } from './own-finding.ts'

/**
 * Folds a capture anew with the user's rules beside the built-in ones, and gives what the user's found. Nothing is
 * written. `onStep` is called for each batch of events. Throws `OwnRuleError`.
 */
export function foldWithRules(
  { sqlite }: LogConnection,
  capture: Capture,
  rules: readonly ModuleRule[],
  onStep: () => void,
): OwnFinding[] {
  const where = `capture ${capture.capture} (${capture.name})`
  const modules = rules.map((rule) => toRuleModule(rule, where))
  const fold = foldFor(
    capture,
    (options) => createFold({ ...options, rules: modules }),
    readInputs(sqlite, capture.capture),
  )
  const found = new Map<number, OwnFinding>()
  const collector: Store = {
    write({ findings }, numbering) {
      onStep()
      for (const row of findings)
        if (row.rule.startsWith(OWN_PREFIX)) found.set(row.id, toOwnFinding(capture.capture, row, numbering))
    },
    writeMeaning() {},
    writeSnapshot() {},
    writeCheckpoint() {},
    clear() {},
  }
  refold(sqlite, capture, fold, { store: collector, finish: capture.complete })
  return [...found.values()]
}

function toOwnFinding(capture: number, row: FindingRow, { seqOf, positionOf }: Numbering): OwnFinding {
  const signed = (value: bigint | null) => (value === null ? null : BigInt.asIntN(64, value))
  return {
    rule: row.rule as OwnRule,
    severity: row.severity,
    verdict: row.verdict,
    ts_ns: row.ns,
    capture,
    ino: signed(row.ino),
    exporter: row.exporter,
    exporter_device: row.exporterDevice,
    importer_device: row.importerDevice,
    importer_class: row.importerClass,
    attachment: row.attachment,
    iova: signed(row.iova),
    comm: row.comm,
    pid: row.pid,
    summary: row.summary,
    evidence: row.evidence.map((seq) => positionOf(seqOf(seq))).sort((a, b) => a - b),
    missing: row.missing,
  }
}

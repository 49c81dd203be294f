import { createHash } from 'node:crypto'
import type { ImporterClass } from '../domain/read-model.ts'
import type { OwnRule, Severity, Verdict } from '../domain/rules.ts'

/** A finding of a user's rule, as the columns of the `findings` query; `ino` and `iova` are two's complement. */
export interface OwnFinding {
  rule: OwnRule
  severity: Severity
  verdict: Verdict
  ts_ns: bigint | null
  capture: number
  ino: bigint | null
  exporter: string | null
  exporter_device: string | null
  importer_device: string | null
  importer_class: ImporterClass | null
  attachment: string | null
  iova: bigint | null
  comm: string | null
  pid: number | null
  summary: string
  /** Log positions, ascending. */
  evidence: number[]
  missing: string | null
}

export interface NamedFinding extends OwnFinding {
  finding: string
}

/** Where the log's captures say what a finding's name is made of. */
export interface Naming {
  /** Tells the trace: see `captureKey`. */
  keyOf(capture: number): string
  /** Number, in its capture, of the event at a position. */
  seqOf(capture: number, position: number): number
}

/**
 * Sorts findings and gives each a name that is the same in every database that holds the trace: made from the trace,
 * the rule, and what it is about, not from its wording. Findings that are equal in all that are told apart by their order.
 */
export function nameFindings(findings: readonly OwnFinding[], { keyOf, seqOf }: Naming): NamedFinding[] {
  const taken = new Map<string, number>()
  return inOrder(findings).map((finding) => {
    const { capture, rule, ts_ns, ino, importer_device, attachment, iova, evidence } = finding
    const seqs = evidence.map((position) => seqOf(capture, position))
    const what = [keyOf(capture), rule, ts_ns, ino, importer_device, attachment, iova, seqs]
    const text = JSON.stringify(what, (_, value) => (typeof value === 'bigint' ? String(value) : value))
    const before = taken.get(text) ?? 0
    taken.set(text, before + 1)
    const name = createHash('sha256').update(`${text}#${before}`).digest('hex').slice(0, 12)
    return { ...finding, finding: name }
  })
}

/** A rule's rows come in whatever order SQLite has found them. */
function inOrder(findings: readonly OwnFinding[]): OwnFinding[] {
  const key = ({ rule, ino, iova, evidence, summary }: OwnFinding) =>
    JSON.stringify([rule, String(ino), String(iova), evidence, summary])
  return [...findings].sort((a, b) => {
    if (a.capture !== b.capture) return a.capture - b.capture
    if (a.ts_ns !== b.ts_ns) return (a.ts_ns ?? MIN) < (b.ts_ns ?? MIN) ? -1 : 1
    const [left, right] = [key(a), key(b)]
    return left < right ? -1 : left > right ? 1 : 0
  })
}

const MIN = -(2n ** 63n)

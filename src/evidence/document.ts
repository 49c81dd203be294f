import type Database from 'better-sqlite3'
import { type QuotedLine, quoteLines } from '../log/quote-lines.ts'
import { createObstacleReader, type Judged, type Obstacles } from './obstacles.ts'

/** A line that a finding rests on. 64-bit integers are decimal strings, as in the queries. */
export interface EvidenceLine {
  /** Log position. */
  position: string
  capture: number
  /** 1-based number of the line in its capture. */
  line: string
  ts_ns: string
  /** As traced, without its terminator; bytes that are not UTF-8 are Latin-1. */
  text: string
}

/** A gap that leaves the finding open, with the lines at which it lies. Unknown, and without a bound, is null. */
export interface EvidenceGap {
  cpu: number | null
  from_ns: string | null
  to_ns: string | null
  lost: number | null
  reason: string
  lines: { role: 'before' | 'mark' | 'after'; line: string; text: string }[]
}

export interface EvidenceDocument {
  evidence: EvidenceLine[]
  gaps: EvidenceGap[]
  /** Tracepoints and probed functions that the trace never shows, any of which would decide. */
  unseen: string[]
}

/** Lines that prove each finding, or stand in its way; in the order of the findings. */
export function evidenceDocuments(sqlite: Database.Database, findings: readonly Judged[]): EvidenceDocument[] {
  const quotes = quoteLines(
    sqlite,
    findings.flatMap(({ evidence }) => evidence),
  )
  const obstacles = createObstacleReader(sqlite)
  return findings.map((finding) => ({
    evidence: evidenceLines(finding, quotes),
    ...shown(obstacles.of(finding, quotes)),
  }))
}

function evidenceLines({ evidence }: Judged, quotes: ReadonlyMap<number, QuotedLine>): EvidenceLine[] {
  return evidence.flatMap((position) => {
    const quote = quotes.get(position)
    if (quote === undefined) return []
    const { capture, line, ns, text } = quote
    return [{ position: String(position), capture, line: String(line), ts_ns: String(ns), text }]
  })
}

function shown({ gaps, unseen }: Obstacles): Pick<EvidenceDocument, 'gaps' | 'unseen'> {
  return {
    gaps: gaps.map(({ cpu, fromNs, toNs, lost, reason, lines }) => ({
      cpu,
      from_ns: text(fromNs),
      to_ns: text(toNs),
      lost: lost === null ? null : Number(lost),
      reason,
      lines: lines.map(({ role, line, text }) => ({ role, line: String(line), text })),
    })),
    unseen,
  }
}

function text(n: bigint | null): string | null {
  return n === null ? null : String(n)
}

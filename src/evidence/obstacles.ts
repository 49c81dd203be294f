import type Database from 'better-sqlite3'
import { gapsNamed, type Reach } from '../domain/evidence/gaps-named.ts'
import { unseenProbes } from '../domain/evidence/unseen.ts'
import type { GapRow } from '../domain/read-model.ts'
import type { Verdict } from '../domain/rules.ts'
import type { QuotedLine } from '../log/quote-lines.ts'
import { type GapLine, gapLines } from './gap-lines.ts'

/** What of a finding says whether anything stands in the way of it. */
export interface Judged {
  capture: number
  verdict: Verdict
  ns: bigint | null
  /** Log positions. */
  evidence: readonly number[]
  missing: string | null
}

export interface QuotedGap extends GapRow {
  lines: GapLine[]
}

/** What stands in the way of an undetermined finding, beside the sentence that says so. */
export interface Obstacles {
  gaps: QuotedGap[]
  /** Tracepoints and probed functions that the whole trace never shows, any of which would do. */
  unseen: string[]
}

/** Gaps of one finding that are quoted: who looks for one in a thousand is better served by their times. */
const QUOTED = 8

/** Reads what stands in the way of findings; each gap and each capture's list of them is read once. */
export interface ObstacleReader {
  /** Both lists are empty where the finding is proven, and where `missing` is all that there is to say. */
  of(finding: Judged, quotes: ReadonlyMap<number, QuotedLine>): Obstacles
}

export function createObstacleReader(sqlite: Database.Database): ObstacleReader {
  const gapsOf = new Map<number, GapRow[]>()
  const linesOf = new Map<string, GapLine[]>()
  return {
    of({ capture, verdict, ns, evidence, missing }, quotes) {
      if (verdict === 'violated') return { gaps: [], unseen: [] }
      const times = evidence.flatMap((position) => quotes.get(position)?.ns ?? [])
      const reach = ns === null ? spanOf(times) : spanOf([...times, ns])
      const gaps = gapsOf.get(capture) ?? readGaps(sqlite, capture)
      gapsOf.set(capture, gaps)
      return {
        gaps: gapsNamed(missing, gaps, reach).map((gap, at) => ({
          ...gap,
          lines: at < QUOTED ? quoted(capture, gap) : [],
        })),
        unseen: unseenProbes(missing),
      }
    },
  }

  function quoted(capture: number, gap: GapRow): GapLine[] {
    const key = `${capture} ${gap.id}`
    const lines = linesOf.get(key) ?? gapLines(sqlite, capture, gap)
    linesOf.set(key, lines)
    return lines
  }
}

/** Null where no time is known: then nothing is out of reach. */
function spanOf(times: readonly bigint[]): Reach | null {
  const [first, ...rest] = times
  if (first === undefined) return null
  return rest.reduce(({ from, to }, ns) => ({ from: ns < from ? ns : from, to: ns > to ? ns : to }), {
    from: first,
    to: first,
  })
}

function readGaps(sqlite: Database.Database, capture: number): GapRow[] {
  const rows = sqlite
    .prepare('SELECT id, cpu, from_ns, to_ns, lost, reason FROM gap WHERE capture = ? ORDER BY id')
    .raw()
    .safeIntegers()
    .all(capture) as [bigint, bigint | null, bigint | null, bigint | null, bigint | null, string][]
  return rows.map(([id, cpu, fromNs, toNs, lost, reason]) => ({
    id: Number(id),
    cpu: cpu === null ? null : Number(cpu),
    fromNs,
    toNs,
    lost,
    reason,
  }))
}

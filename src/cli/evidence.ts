/** How the findings of a capture stand, and how complete the evidence behind them is. */
import type Database from 'better-sqlite3'
import { SEVERITIES, type Severity } from '../domain/rules.ts'

export interface Standing {
  /** Violated findings only. */
  violated: Record<Severity, number>
  /** Findings that a gap, or the end of the trace, leaves open. */
  undetermined: number
  gaps: number
  /** Resets and revocations whose verdict a gap leaves open. */
  openEpisodes: number
  malformed: number
  /** Captures whose ingest was interrupted. */
  unfinished: number
}

/** Of one capture, or of the whole log where it is null. */
export function standingOf(sqlite: Database.Database, capture: number | null): Standing {
  const count = (sql: string) => Number(sqlite.prepare(sql).pluck().get({ capture }) ?? 0)
  const here = '(@capture IS NULL OR capture = @capture)'
  const rows = sqlite
    .prepare(`SELECT severity, verdict, count(*) AS n FROM finding WHERE ${here} GROUP BY severity, verdict`)
    .all({ capture }) as { severity: Severity; verdict: string; n: number }[]
  const violated = Object.fromEntries(SEVERITIES.map((severity) => [severity, 0])) as Record<Severity, number>
  let undetermined = 0
  for (const { severity, verdict, n } of rows) {
    if (verdict === 'violated') violated[severity] += n
    else undetermined += n
  }
  return {
    violated,
    undetermined,
    gaps: count(`SELECT count(*) FROM gap WHERE ${here}`),
    openEpisodes: count(`SELECT (SELECT count(*) FROM reset WHERE verdict = 'undetermined' AND ${here}) +
      (SELECT count(*) FROM revocation WHERE verdict = 'undetermined' AND ${here})`),
    malformed: count(`SELECT sum(malformed) FROM capture WHERE ${here}`),
    unfinished: count(`SELECT count(*) FROM capture WHERE status = 'reading' AND ${here}`),
  }
}

/** Whether a violated finding of at least this severity is there. */
export function reaches({ violated }: Standing, least: Severity): boolean {
  return SEVERITIES.slice(0, SEVERITIES.indexOf(least) + 1).some((severity) => violated[severity] > 0)
}

/** Why the evidence is incomplete, in words; empty where nothing is open. */
export function holes(standing: Standing): string[] {
  const { undetermined, gaps, openEpisodes, malformed, unfinished } = standing
  const words: [number, string, string][] = [
    [undetermined, 'undetermined finding', 'undetermined findings'],
    [openEpisodes, 'reset or revocation without a verdict', 'resets or revocations without a verdict'],
    [gaps, 'gap', 'gaps'],
    [malformed, 'line not understood', 'lines not understood'],
    [unfinished, 'capture not read to its end', 'captures not read to their end'],
  ]
  return words.filter(([n]) => n > 0).map(([n, one, several]) => `${n} ${n === 1 ? one : several}`)
}

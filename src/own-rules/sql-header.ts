import { SEVERITIES, type Severity } from '../domain/rules.ts'
import { OwnRuleError } from './own-rule-error.ts'

/** What the comment lines at the top of a SQL rule say. */
export interface SqlHeader {
  /** Null where the rows bring one each. */
  severity: Severity | null
  /** With `{column}` for values; null where the rows bring one each. */
  summary: string | null
  /** Milliseconds that the statement may take. */
  deadline: number
}

export const DEFAULT_DEADLINE = 10_000
const LONGEST = 3_600_000

/** `-- severity: warning`, `-- summary: …`, `-- deadline: 60` (seconds); any other comment is one. Throws `OwnRuleError`. */
export function readSqlHeader(path: string, text: string): SqlHeader {
  const header: SqlHeader = { severity: null, summary: null, deadline: DEFAULT_DEADLINE }
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    if (!line.startsWith('--')) break
    const [, key, value] = /^--\s*(severity|summary|deadline)\s*:\s*(.*?)\s*$/.exec(line) ?? []
    if (key === 'severity') header.severity = severityOf(path, value!)
    if (key === 'summary') header.summary = value!
    if (key === 'deadline') {
      const ms = /^\d{1,4}(\.\d{1,3})?$/.test(value!) ? Number(value) * 1000 : 0
      if (ms === 0 || ms > LONGEST)
        throw OwnRuleError.of(path, `deadline: ${value} is not a number of seconds, up to ${LONGEST / 1000}`)
      header.deadline = ms
    }
  }
  return header
}

/** Throws `OwnRuleError` for a word that is no severity. */
export function severityOf(path: string, word: unknown): Severity {
  if (SEVERITIES.includes(word as Severity)) return word as Severity
  throw OwnRuleError.of(path, `severity "${String(word)}" is none of ${SEVERITIES.join(', ')}`)
}

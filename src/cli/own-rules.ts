import type { OwnRule } from '../domain/rules.ts'
import type { LogConnection } from '../log/connection.ts'
import { judgeLog } from '../own-rules/judge-log.ts'
import { showFindings } from '../own-rules/show-findings.ts'
import type { RulesOption } from './command.ts'

interface Judging {
  capture: number | null
  signal: AbortSignal
}

/**
 * Where `--rules` is given: lets them judge the log, and shows what they find among the findings of this connection,
 * which is one that only reads and has no transaction. Gives the names of all own rules.
 */
export async function useOwnRules(
  { path, sqlite }: LogConnection,
  { rules: folder }: RulesOption,
  { capture, signal }: Judging,
): Promise<OwnRule[]> {
  if (folder === undefined) return []
  const { rules, findings } = await judgeLog({ folder, db: path, capture, signal })
  showFindings(sqlite, findings)
  return rules
}

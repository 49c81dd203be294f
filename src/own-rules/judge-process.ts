/**
 * The process in which rules of the user's own run: a statement that never ends cannot be stopped in any other way, and
 * code that is not ours has no business where the log is written. Forked by `judge-log.ts`.
 */
import { openSnapshot } from '../../queries/run-query.ts'
import { type Capture, listCaptures } from '../log/captures.ts'
import { type LogConnection, openReader } from '../log/connection.ts'
import { listSegments } from '../log/segments.ts'
import { keyOf } from '../projection/store.ts'
import { createHoles } from './absence.ts'
import { emptyLog } from './empty-log.ts'
import type { Message, Task } from './judging.ts'
import { loadModule, type ModuleRule, resolveRuleApi } from './load-module.ts'
import { nameFindings, type OwnFinding } from './own-finding.ts'
import { openPublicTables } from './public-tables.ts'
import { foldWithRules } from './refold-rules.ts'
import { listRuleFiles } from './rule-files.ts'
import { DEFAULT_DEADLINE } from './sql-header.ts'
import { prepareSqlRule, runSqlRule, type SqlRule } from './sql-rule.ts'

/** Findings in a message. */
const TOGETHER = 1000

process.once('message', (task: Task) => {
  judge(task)
    .catch((error: { message?: string; exitCode?: number }) =>
      tell({ kind: 'failed', message: error.message ?? String(error), exitCode: error.exitCode ?? null }),
    )
    .finally(() => process.disconnect())
})

async function judge({ folder, db, capture: only }: Task): Promise<void> {
  const files = listRuleFiles(folder)
  const log = db === null ? await emptyLog() : openReader(db)
  const asked = db === null ? await emptyLog() : openReader(db)
  const { tag } = openSnapshot(log)
  openPublicTables(asked, log)
  asked.sqlite.exec('BEGIN')
  const captures = listCaptures(log.sqlite)
  const sql: SqlRule[] = []
  const modules: ModuleRule[] = []
  resolveRuleApi()
  for (const file of files) {
    void tell({ kind: 'step', files: [file.path], deadline: DEFAULT_DEADLINE, doing: 'load' })
    if (file.kind === 'sql') sql.push(prepareSqlRule(asked.sqlite, file))
    else modules.push(await loadModule(file))
  }
  const wanted = captures.filter(({ capture }) => only === null || capture === only)
  const findings = db === null ? [] : [...runSql(log, sql, wanted), ...runModules(log, modules, wanted)]
  const named = nameFindings(findings, namingOf(log))
  for (let at = 0; at < named.length; at += TOGETHER)
    await tell({ kind: 'found', findings: named.slice(at, at + TOGETHER) })
  await tell({ kind: 'done', rules: files.map(({ rule }) => rule).sort(), tag: db === null ? null : tag })
}

function runSql({ sqlite }: LogConnection, rules: SqlRule[], captures: Capture[]): OwnFinding[] {
  const wanted = new Set(captures.map(({ capture }) => capture))
  const holeBetween = createHoles(sqlite)
  const places = listSegments(sqlite)
  const isIn = (capture: number, position: number) =>
    places.some(
      (one) => one.capture === capture && one.firstPosition <= position && position < one.firstPosition + one.events,
    )
  return rules.flatMap((rule) => {
    const { file, deadline } = rule
    void tell({ kind: 'step', files: [file.path], deadline, doing: 'answer' })
    return runSqlRule(rule, { holeBetween, isIn }).filter(({ capture }) => wanted.has(capture))
  })
}

/** As the projections: what ran backwards is judged once all of it is there. */
function runModules(log: LogConnection, rules: ModuleRule[], captures: Capture[]): OwnFinding[] {
  if (rules.length === 0) return []
  const files = rules.map(({ file }) => file.path)
  const alive = () => void tell({ kind: 'step', files, deadline: DEFAULT_DEADLINE, doing: 'come back from an event' })
  return captures
    .filter(({ complete, ordered }) => complete || ordered)
    .flatMap((capture) => {
      alive()
      return foldWithRules(log, capture, rules, alive)
    })
}

function namingOf({ sqlite }: LogConnection) {
  const keys = new Map<number, string>()
  const places = listSegments(sqlite)
  return {
    keyOf(capture: number) {
      const key = keys.get(capture) ?? keyOf(sqlite, capture)
      keys.set(capture, key)
      return key
    },
    seqOf(capture: number, position: number) {
      const place = places.findLast((one) => one.capture === capture && one.firstPosition <= position)!
      return place.firstSeq + position - place.firstPosition
    },
  }
}

function tell(message: Message): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(message, (error: Error | null) => (error ? reject(error) : resolve()))
  })
}

import { openSnapshot } from '../../queries/run-query.ts'
import { type Capture, listCaptures } from '../log/captures.ts'
import { type LogConnection, openReader } from '../log/connection.ts'
import { listSegments } from '../log/segments.ts'
import { keyOf } from '../projection/store.ts'
import { createHoles } from './absence.ts'
import { emptyLog } from './empty-log.ts'
import type { Message, Task } from './judging.ts'
import { loadModule, type ModuleRule } from './load-module.ts'
import { type Naming, nameFindings, type OwnFinding } from './own-finding.ts'
import { openPublicTables } from './public-tables.ts'
import { foldWithRules } from './refold-rules.ts'
import { listRuleFiles, type RuleFile } from './rule-files.ts'
import { DEFAULT_DEADLINE } from './sql-header.ts'
import { prepareSqlRule, runSqlRule, type SqlRule } from './sql-rule.ts'

/** Findings in a message. */
const TOGETHER = 1000

/** Resolves when the message was handed over. */
export type Tell = (message: Message) => Promise<void>

/** Reads the rules of a folder, and lets them judge a log where there is one. Throws `OwnRuleError`. */
export async function judge({ folder, db, capture }: Task, tell: Tell): Promise<void> {
  const files = listRuleFiles(folder)
  const log = db === null ? await emptyLog() : openReader(db)
  const asked = db === null ? await emptyLog() : openReader(db)
  const snapshot = openSnapshot(log)
  try {
    openPublicTables(asked, log)
    asked.sqlite.exec('BEGIN')
    const { sql, modules } = await load(files, asked, tell)
    const captures = listCaptures(log.sqlite)
    const isWanted = (one: { capture: number }) => capture === null || one.capture === capture
    const findings = [
      ...runSql(log, sql, captures, tell).filter(isWanted),
      ...runModules(log, modules, captures.filter(isWanted), tell),
    ]
    const named = nameFindings(findings, namingOf(log))
    for (let at = 0; at < named.length; at += TOGETHER)
      await tell({ kind: 'found', findings: named.slice(at, at + TOGETHER) })
    const rules = files.map(({ rule }) => rule).sort()
    await tell({ kind: 'done', rules, tag: db === null ? null : snapshot.tag })
  } finally {
    snapshot.end()
    asked.close()
    log.close()
  }
}

async function load(files: RuleFile[], asked: LogConnection, tell: Tell) {
  const sql: SqlRule[] = []
  const modules: ModuleRule[] = []
  for (const file of files) {
    void tell({ kind: 'step', files: [file.path], deadline: DEFAULT_DEADLINE, doing: 'load' })
    if (file.kind === 'sql') sql.push(prepareSqlRule(asked.sqlite, file))
    else modules.push(await loadModule(file))
  }
  return { sql, modules }
}

function runSql({ sqlite }: LogConnection, rules: SqlRule[], captures: Capture[], tell: Tell): OwnFinding[] {
  if (captures.length === 0) return []
  const known = new Set(captures.map(({ capture }) => capture))
  const holeBetween = createHoles(sqlite)
  const places = listSegments(sqlite)
  const isIn = (capture: number, position: number) =>
    places.some(
      (one) => one.capture === capture && one.firstPosition <= position && position < one.firstPosition + one.events,
    )
  return rules.flatMap((rule) => {
    const { file, deadline } = rule
    void tell({ kind: 'step', files: [file.path], deadline, doing: 'answer' })
    return runSqlRule(rule, { holeBetween, isIn, known })
  })
}

/** As the projections: what ran backwards is judged once all of it is there. */
function runModules(log: LogConnection, rules: ModuleRule[], captures: Capture[], tell: Tell): OwnFinding[] {
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

function namingOf({ sqlite }: LogConnection): Naming {
  const keys = new Map<number, string>()
  const places = listSegments(sqlite)
  return {
    keyOf(capture) {
      const key = keys.get(capture) ?? keyOf(sqlite, capture)
      keys.set(capture, key)
      return key
    },
    seqOf(capture, position) {
      const place = places.findLast((one) => one.capture === capture && one.firstPosition <= position)!
      return place.firstSeq + position - place.firstPosition
    },
  }
}

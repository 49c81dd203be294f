import { readFileSync } from 'node:fs'
import type Database from 'better-sqlite3'
import { QUERIES } from '../../queries/index.ts'
import type { OwnFinding } from './own-finding.ts'
import { OwnRuleError } from './own-rule-error.ts'
import { RESULT_COLUMNS, type RowReader, readRow, type SqlRow } from './result-row.ts'
import type { RuleFile } from './rule-files.ts'
import { readSqlHeader, type SqlHeader } from './sql-header.ts'
import { columnsOf } from './summary-template.ts'

export interface SqlRule extends SqlHeader {
  file: RuleFile
  statement: Database.Statement<[], SqlRow>
}

/** More findings than anybody reads: the rule is meant otherwise. */
const MOST = 100_000

/** Prepares a rule on a connection that has the public tables. Throws `OwnRuleError` for one that cannot be. */
export function prepareSqlRule(sqlite: Database.Database, file: RuleFile): SqlRule {
  const { path } = file
  const text = readText(path)
  const header = readSqlHeader(path, text)
  const statement = prepare(sqlite, path, text)
  checkColumns(path, header, statement)
  return { file, statement, ...header }
}

/** Its findings, of all captures. Throws `OwnRuleError`. */
export function runSqlRule(rule: SqlRule, log: Pick<RowReader, 'holeBetween' | 'isIn' | 'known'>): OwnFinding[] {
  const reader: RowReader = { ...rule, ...log }
  const { path } = rule.file
  const findings: OwnFinding[] = []
  try {
    for (const row of rule.statement.iterate()) {
      findings.push(readRow(reader, row, findings.length + 1))
      if (findings.length > MOST) throw OwnRuleError.of(path, `it finds more than ${MOST} times; narrow it`)
    }
  } catch (error) {
    throw error instanceof OwnRuleError ? error : OwnRuleError.of(path, `SQLite: ${(error as Error).message}`, error)
  }
  return findings
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw OwnRuleError.of(path, `cannot be read: ${(error as Error).message}`, error)
  }
}

function prepare(sqlite: Database.Database, path: string, text: string): Database.Statement<[], SqlRow> {
  // ATTACH and PRAGMA would pass for statements that only read.
  const bare = text.replace(/^(\s|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/)+/, '')
  if (bare === '') throw OwnRuleError.of(path, 'there is no statement in it; a rule is one SELECT')
  if (!/^(select|with|values)\b/i.test(bare))
    throw OwnRuleError.of(path, `a rule is one SELECT, and this begins with ${bare.split(/\s/, 1)[0]}`)
  if (/\bmain\b["'`\]]?\s*\.|\bsqlite_(temp_)?(schema|master)\b/i.test(bare))
    throw OwnRuleError.of(path, `a rule asks the named queries (${tables()}), not the tables behind them`)
  let statement: Database.Statement<[], SqlRow>
  try {
    statement = sqlite.prepare<[], SqlRow>(text)
  } catch (error) {
    const { message } = error as Error
    if (/more than one statement/.test(message))
      throw OwnRuleError.of(path, 'there is more than one statement in it; a rule is one SELECT', error)
    const hint = /no such table/.test(message) ? `; the tables are ${tables()}` : ''
    throw OwnRuleError.of(path, `SQLite: ${message.replace('no such table: temp.', 'no such table: ')}${hint}`, error)
  }
  if (!statement.readonly || !statement.reader)
    throw OwnRuleError.of(path, 'a rule only reads, and this statement writes; a rule is one SELECT')
  return statement.safeIntegers()
}

function checkColumns(path: string, { severity, summary }: SqlHeader, statement: Database.Statement): void {
  const columns = statement.columns().map(({ name }) => name)
  const spoken = summary === null ? [] : columnsOf(path, summary)
  const lacking = spoken.find((name) => !columns.includes(name))
  if (lacking !== undefined)
    throw OwnRuleError.of(path, `the summary speaks of {${lacking}}, and the result has no such column`)
  const double = columns.find((name, at) => columns.indexOf(name) !== at)
  if (double !== undefined) throw OwnRuleError.of(path, `the result has the column ${double} twice; name one otherwise`)
  if (!columns.includes('capture'))
    throw OwnRuleError.of(path, 'the result has no column capture, which says where a finding belongs; select it, too')
  const known: readonly string[] = [...RESULT_COLUMNS, ...spoken]
  const stranger = columns.find((name) => !known.includes(name))
  if (stranger !== undefined)
    throw OwnRuleError.of(
      path,
      `the column ${stranger} is none of a finding (${RESULT_COLUMNS.join(', ')}) and not in the summary; leave it away`,
    )
  if (severity === null && !columns.includes('severity'))
    throw OwnRuleError.of(path, 'it has no severity; begin it with a line such as: -- severity: warning')
  if (summary === null && !columns.includes('summary'))
    throw OwnRuleError.of(
      path,
      'it has no summary; begin it with a line such as: -- summary: {importer_device} was late',
    )
}

function tables(): string {
  return QUERIES.map(({ name }) => name).join(', ')
}

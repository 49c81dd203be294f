/** One row of a SQL rule's result, read as a finding. */

import { CLASSES, VERDICTS } from '../../queries/vocabulary.ts'
import type { ImporterClass } from '../domain/read-model.ts'
import type { Severity, Verdict } from '../domain/rules.ts'
import type { HoleBetween } from './absence.ts'
import type { OwnFinding } from './own-finding.ts'
import { OwnRuleError } from './own-rule-error.ts'
import type { RuleFile } from './rule-files.ts'
import { severityOf } from './sql-header.ts'
import { fillSummary, type SqlValue } from './summary-template.ts'

export type SqlRow = Record<string, SqlValue>

/** Columns that a SQL rule may give: those of a finding, and the stretch of time that it rests on nothing having happened in. */
export const RESULT_COLUMNS = [
  'capture',
  'ts_ns',
  'ino',
  'exporter',
  'exporter_device',
  'importer_device',
  'importer_class',
  'attachment',
  'iova',
  'comm',
  'pid',
  'summary',
  'severity',
  'verdict',
  'evidence',
  'missing',
  'absent_from_ns',
  'absent_to_ns',
] as const
type ResultColumn = (typeof RESULT_COLUMNS)[number]

export interface RowReader {
  file: RuleFile
  severity: Severity | null
  summary: string | null
  holeBetween: HoleBetween
  /** Numbers of the log's captures. */
  known: ReadonlySet<number>
  /** Whether a position is of that capture. */
  isIn(capture: number, position: number): boolean
}

/** Throws `OwnRuleError` for a value that its column cannot hold; `number` of the row counts from 1. */
export function readRow(reader: RowReader, row: SqlRow, number: number): OwnFinding {
  const { file, holeBetween, known, isIn } = reader
  const fail = (what: string): never => {
    throw OwnRuleError.of(file.path, `row ${number}: ${what}`)
  }
  const value = (column: ResultColumn): SqlValue => row[column] ?? null
  const whole = (column: ResultColumn): bigint | null => {
    const given = value(column)
    if (given === null || typeof given === 'bigint') return given
    return fail(`${column} is ${shown(given)} and has to be a whole number; CAST(… AS INTEGER) makes one`)
  }
  const text = (column: ResultColumn): string | null => {
    const given = value(column)
    return given === null || typeof given === 'string' ? given : fail(`${column} is ${shown(given)} and has to be text`)
  }
  const word = <Word extends string>(column: ResultColumn, words: readonly Word[]): Word | null => {
    const given = text(column)
    if (given === null || words.includes(given as Word)) return given as Word | null
    return fail(`${column} "${given}" is none of ${words.join(', ')}`)
  }
  const capture = Number(whole('capture') ?? fail('capture is null; give the number of the capture'))
  if (!known.has(capture)) fail(`there is no capture ${capture} in the log`)
  const severity =
    value('severity') === null ? reader.severity : severityOf(`${file.path}: row ${number}`, value('severity'))
  const summary = text('summary') ?? (reader.summary === null ? null : fillSummary(reader.summary, row))
  const evidence =
    positions(value('evidence')) ??
    fail(`evidence ${shown(value('evidence'))} is no list of log positions, such as [12,15] or 12,15`)
  const stranger = evidence.find((position) => !isIn(capture, position))
  if (stranger !== undefined) fail(`evidence ${stranger} is no position of capture ${capture}; see the events table`)
  const absent = 'absent_from_ns' in row || 'absent_to_ns' in row
  const hole = absent ? holeBetween(capture, whole('absent_from_ns'), whole('absent_to_ns')) : null
  const open = word<Verdict>('verdict', VERDICTS) === 'undetermined'
  const missing = text('missing') ?? hole ?? (open ? 'the rule does not say why' : null)
  return {
    rule: file.rule,
    severity: severity ?? fail('severity is null, and no line "-- severity: …" says which to take'),
    verdict: missing === null ? 'violated' : 'undetermined',
    ts_ns: whole('ts_ns'),
    capture,
    ino: whole('ino'),
    exporter: text('exporter'),
    exporter_device: text('exporter_device'),
    importer_device: text('importer_device'),
    importer_class: word<ImporterClass>('importer_class', CLASSES),
    attachment: text('attachment'),
    iova: whole('iova'),
    comm: text('comm'),
    pid: toNumber(whole('pid')),
    summary: summary ?? fail('summary is null, and no line "-- summary: …" says what to say'),
    evidence,
    missing,
  }
}

function toNumber(value: bigint | null): number | null {
  return value === null ? null : Number(value)
}

/** A JSON list, numbers with commas between, or one number; null where it is none of them. */
function positions(value: SqlValue): number[] | null {
  if (value === null) return []
  if (typeof value === 'bigint') return [Number(value)]
  if (typeof value !== 'string' || !/^\s*\[?\s*(\d{1,15}(\s*,\s*\d{1,15})*)?\s*\]?\s*$/.test(value)) return null
  const all = (value.match(/\d+/g) ?? []).map(Number)
  return [...new Set(all)].sort((a, b) => a - b)
}

function shown(value: SqlValue): string {
  return value instanceof Buffer ? 'a blob' : JSON.stringify(typeof value === 'bigint' ? String(value) : value)
}

/** What the process that judges and the one that asked it say to each other. */
import type { OwnRule } from '../domain/rules.ts'
import type { NamedFinding } from './own-finding.ts'

export interface Task {
  folder: string
  /** Path of the database; null where the rules are only to be read and checked. */
  db: string | null
  /** Only this capture. */
  capture: number | null
}

export type Message =
  /** What is begun now must be over, or go on with another step, within `deadline` milliseconds. */
  | { kind: 'step'; files: string[]; deadline: number; doing: string }
  | { kind: 'found'; findings: NamedFinding[] }
  | { kind: 'done'; rules: OwnRule[]; tag: string | null }
  /** `message` of an `OwnRuleError`, or of whatever else went wrong, with its exit code. */
  | { kind: 'failed'; message: string; exitCode: number | null }

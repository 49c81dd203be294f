import type Database from 'better-sqlite3'
import { type CaptureOption, type GlobalOptions, UsageError } from './command.ts'
import { commandLine } from './own-name.ts'

/** The capture that `--capture` names, null where it names none. Throws `UsageError` for one that the log does not have. */
export function captureNumber(
  sqlite: Database.Database,
  { capture: given, db }: CaptureOption & GlobalOptions,
): number | null {
  if (given === undefined) return null
  const known = sqlite.prepare('SELECT capture FROM capture ORDER BY capture').pluck().all() as number[]
  if (/^\d{1,9}$/.test(given) && known.includes(Number(given))) return Number(given)
  const has =
    known.length === 0
      ? 'this log has none'
      : known.length === 1
        ? `this log has only ${known[0]}`
        : `this log has ${known[0]} to ${known.at(-1)}`
  throw new UsageError(
    `--capture ${given}: there is no such capture; ${has}; see: ${commandLine('query captures', db)}`,
  )
}

import { SEVERITIES, type Severity } from '../domain/rules.ts'
import { listCaptures } from '../log/captures.ts'
import { openReader } from '../log/connection.ts'
import { captureNumber } from './capture-number.ts'
import { checkDocument } from './check-document.ts'
import { type CheckOptions, Exit, type Run, UsageError } from './command.ts'
import { holes, reaches, standingOf } from './evidence.ts'
import { commandLine, ruleWords } from './own-name.ts'
import { useOwnRules } from './own-rules.ts'
import { findingsText } from './summary/findings.ts'
import { createPage } from './summary/page.ts'
import { many } from './summary/quantity.ts'
import { findingGroups } from './summary/read-findings.ts'
import { writeAll } from './write-all.ts'

/** Judges by violated findings alone: what the trace leaves open fails only under `--strict`, with exit 4. */
export const run: Run<CheckOptions> = async (_, options, io) => {
  if (options.format === 'csv' || options.format === 'arrow')
    throw new UsageError(`check: --format ${options.format} is for tables; see: revenant query findings`)
  const db = openReader(options.db)
  try {
    const { sqlite } = db
    const capture = captureNumber(sqlite, options)
    await useOwnRules(db, options, { capture, signal: io.signal })
    const captures = listCaptures(sqlite).filter((one) => capture === null || one.capture === capture)
    const standing = standingOf(sqlite, capture)
    const failed = reaches(standing, options.failOn as Severity)
    const open = holes(standing)
    if (options.format === 'table') {
      const groups = findingGroups(sqlite, capture)
      const text = findingsText(sqlite, createPage(options, io.stdout), groups, {
        capture,
        perRule: -1,
        quote: options.quote ?? null,
        ticks: new Set(captures.filter(({ ticks }) => ticks).map((one) => one.capture)),
        several: captures.length > 1,
        more: ({ rule }) => commandLine(`query findings ${ruleWords(rule, options.rules)}`, options.db),
      })
      await writeAll(text, io)
      const counts = SEVERITIES.map((severity) => `${standing.violated[severity]} ${severity}`).join(', ')
      io.stdout.write(
        `${many(captures.length, 'capture')}: ${counts}; ${standing.undetermined} undetermined.${open.length > 0 ? ` Not complete: ${open.join(', ')}.` : ''}\n`,
      )
      if (groups.length > 0) io.stdout.write('What each rule means, and what to do about it: docs/rules/<rule>.md\n')
    } else {
      const document = checkDocument(sqlite, capture, standing, failed, open, options.quote !== undefined)
      io.stdout.write(`${JSON.stringify(document)}\n`)
    }
    if (io.signal.aborted) return Exit.interrupted
    if (failed) return Exit.findings
    return options.strict && open.length > 0 ? Exit.incomplete : Exit.done
  } finally {
    db.close()
  }
}

import { compareCaptures } from '../diff/compare-captures.ts'
import { isWorse } from '../diff/compare-findings.ts'
import type { Severity } from '../domain/rules.ts'
import { type Capture, listCaptures } from '../log/captures.ts'
import { openReader } from '../log/connection.ts'
import { type DiffOptions, Exit, type Run, UsageError } from './command.ts'
import { diffDocument } from './diff/diff-document.ts'
import { readEvidence } from './diff/read-evidence.ts'
import { diffText } from './diff/write-diff.ts'
import { commandLine } from './own-name.ts'
import { createPage } from './summary/page.ts'
import { writeAll } from './write-all.ts'

/** Compares by what survives another run: rules, exporters, importers; never inodes, pointers, times or processes. */
export const run: Run<DiffOptions> = async ([first, second], options, io) => {
  const { format } = options
  if (format !== 'table' && format !== 'json')
    throw new UsageError(`diff: --format ${format} is for rows, and this is a document; see: revenant diff --json`)
  const db = openReader(options.db)
  try {
    const { sqlite } = db
    sqlite.exec('BEGIN')
    const captures = listCaptures(sqlite)
    const [before, after] = [first!, second!].map((named) => {
      const capture = findNamed(captures, named, options.db)
      return { capture, evidence: readEvidence(sqlite, capture) }
    }) as [Read, Read]
    const difference = compareCaptures(before.evidence, after.evidence)
    const worse = isWorse(difference.findings, options.failOn as Severity)
    const sides = [before, after].map(({ capture, evidence }) => ({ capture, coverage: evidence.coverage }))
    const pieces =
      format === 'table'
        ? diffText(sides[0]!, sides[1]!, difference, createPage(options, io.stdout))
        : [`${JSON.stringify(diffDocument(sides[0]!, sides[1]!, difference, worse))}\n`]
    await writeAll(pieces, io)
    if (io.signal.aborted) return Exit.interrupted
    if (worse) return Exit.findings
    return options.strict && difference.incomplete ? Exit.incomplete : Exit.done
  } finally {
    db.close()
  }
}

interface Read {
  capture: Capture
  evidence: ReturnType<typeof readEvidence>
}

/** By number; by name where only one capture has it. */
function findNamed(captures: readonly Capture[], named: string, db: string): Capture {
  const see = `see: ${commandLine('query captures', db)}`
  const byNumber = /^\d{1,9}$/.test(named) ? captures.find(({ capture }) => capture === Number(named)) : undefined
  if (byNumber) return byNumber
  const byName = captures.filter(({ name }) => name === named)
  if (byName.length > 1)
    throw new UsageError(
      `diff: captures ${byName.map(({ capture }) => capture).join(', ')} are all called ${named}; give the number`,
    )
  if (byName.length === 0) throw new UsageError(`diff: the log has no capture ${named}; ${see}`)
  return byName[0]!
}

import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import type Database from 'better-sqlite3'
import { openInputs } from '../../ingest/inputs/open-inputs.ts'
import { LAYOUTS, type Format as Layout } from '../../ingest/layout.ts'
import { type Refusal, refuse } from '../../ingest/refusal.ts'
import { findCapture, listCaptures } from '../log/captures.ts'
import { openReader } from '../log/connection.ts'
import { readCapture } from '../log/read-log.ts'
import { printable } from '../output/table.ts'
import type { RedactionKey } from '../redact/key.ts'
import { createLineRedactor, type LineRedactor } from '../redact/line.ts'
import { createPseudonyms } from '../redact/pseudonyms.ts'
import { overlongLine } from '../redact/stream.ts'
import { captureNumber } from './capture-number.ts'
import { Exit, type ExportOptions, type GlobalOptions, type Io, type Run, UsageError } from './command.ts'
import { commandLine } from './own-name.ts'
import { traceOpener } from './redact-trace.ts'
import { keyOf } from './redaction-key.ts'
import { refusalText } from './refusal-text.ts'
import { writeAll } from './write-all.ts'

type Options = GlobalOptions & ExportOptions

/** Prints the text of a trace, of a file or of the log, with other names in it. */
export const run: Run<ExportOptions> = async ([path], options, io) => {
  const key = keyOf('export', options)
  if (key === null)
    throw new UsageError('export: give --redact; what can be exported so far is the redacted text of a trace')
  if (options.format !== 'table')
    throw new UsageError(`export: --format ${options.format} is for tables, this is the text of a trace; leave it away`)
  if (path === undefined) return exportCapture(key, options, io)
  if (options.capture !== undefined)
    throw new UsageError('export: give a file, or --capture for what is in the log, and not both')
  return await exportFile(path, key, options, io)
}

async function exportFile(path: string, key: RedactionKey, options: Options, io: Io): Promise<number> {
  for await (const opened of openInputs(path, { stdin: io.stdin, signal: io.signal })) {
    if (opened.kind === 'remark') {
      io.stderr.write(`revenant: ${printable(`${opened.path}: ${opened.text}`)}\n`)
      continue
    }
    if (opened.member)
      throw new UsageError(`export: ${path} holds several files; unpack it, and redact its traces one by one`)
    const trace = opened.kind === 'input' ? await traceOpener({}, key)(opened) : opened.refusal
    if (trace.kind === 'trace') {
      try {
        return await write(trace.content.open(0), options, io)
      } finally {
        trace.release?.()
      }
    }
    io.stderr.write(refusalText(path, trace))
  }
  return Exit.input
}

async function exportCapture(key: RedactionKey, options: Options, io: Io): Promise<number> {
  const db = await openReader(options.db)
  try {
    const { capture, name, format, complete, lines } = chosen(db.sqlite, options)
    const redactor = redactorFor(format, key)
    if ('kind' in redactor) {
      io.stderr.write(refusalText(name, redactor))
      return Exit.input
    }
    if (!complete && !options.quiet)
      io.stderr.write(`revenant: capture ${capture} was not read to its end: these are its first ${lines} lines\n`)
    return await write(redactedLines(db.sqlite, capture, redactor), options, io)
  } finally {
    db.close()
  }
}

/** A capture that was merged from several layouts does not say which line is of which. */
function redactorFor(format: string | null, key: RedactionKey): LineRedactor | Refusal {
  if (format !== null && Object.hasOwn(LAYOUTS, format))
    return createLineRedactor(format as Layout, createPseudonyms(key))
  return refuse(
    'layout-not-redactable',
    `Its lines are of several layouts (${format ?? 'unknown'}).`,
    'Redact the files that it was merged from, one by one.',
  )
}

function chosen(sqlite: Database.Database, options: Options) {
  const captures = listCaptures(sqlite)
  const only = captures.length === 1 ? captures[0]!.capture : null
  const number = captureNumber(sqlite, options) ?? only
  if (number === null)
    throw new UsageError(
      `export: this log has ${captures.length} captures; say which one with --capture, see: ${commandLine('query captures', options.db)}`,
    )
  return findCapture(sqlite, number)!
}

/** All lines of a capture, batch by batch: events, noise, headers, and those that were not understood. */
async function* redactedLines(
  sqlite: Database.Database,
  capture: number,
  redactor: LineRedactor,
): AsyncGenerator<Buffer> {
  for (const { batch } of readCapture(sqlite, capture)) {
    const { bytes, lineStart, lineCount, firstLine, notes } = batch
    const overlong = new Set(notes.flatMap((note) => (note.kind === 'overlong' ? [note.line - firstLine] : [])))
    const lines: string[] = []
    for (let i = 0; i < lineCount; i++) {
      const line = bytes.subarray(lineStart[i], lineStart[i + 1])
      if (!overlong.has(i)) lines.push(redactor.redact(line))
      else lines.push(overlongLine(), line.at(-1) === LINE_FEED ? '\n' : '')
    }
    yield Buffer.from(lines.join(''), 'latin1')
  }
}

const LINE_FEED = 0x0a

async function write(pieces: AsyncIterable<Buffer>, { output }: Options, io: Io): Promise<number> {
  if (output === undefined || output === '-') {
    for await (const piece of pieces) {
      await writeAll([piece], io)
      if (io.signal.aborted || io.stdout.destroyed) break
    }
    return io.signal.aborted ? Exit.interrupted : Exit.done
  }
  const file = create(output)
  let whole = false
  try {
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at)
      if (io.signal.aborted) return Exit.interrupted
    }
    whole = true
    return Exit.done
  } finally {
    closeSync(file)
    if (!whole) rmSync(output, { force: true })
  }
}

/** Never over a file that is there: it may be the trace itself. */
function create(path: string): number {
  try {
    return openSync(path, 'wx')
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'EEXIST' ? 'is there already' : (error as Error).message
    throw new UsageError(`export: --output ${path}: ${why}; give another name`)
  }
}

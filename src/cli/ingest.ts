import { resolve } from 'node:path'
import type { Severity } from '../domain/rules.ts'
import { type LogConnection, openReader, openWriter } from '../log/connection.ts'
import { printable } from '../output/table.ts'
import { judgeLog } from '../own-rules/judge-log.ts'
import { ingestCapture } from '../projection/ingest-capture.ts'
import type { IngestOutcome } from '../projection/ingest-request.ts'
import { Exit, type GlobalOptions, type IngestOptions, type Io, type Run, UsageError } from './command.ts'
import { holes, reaches, standingOf } from './evidence.ts'
import { ingestDocument } from './ingest-document.ts'
import { type CaptureOptions, captureOptions, idleMilliseconds } from './ingest-options.ts'
import { ingestPath, readParts, readTrace } from './ingest-path.ts'
import { openMerged } from './open-merged.ts'
import type { OpenedTrace } from './open-trace.ts'
import { useOwnRules } from './own-rules.ts'
import { createPerCpuParts } from './per-cpu.ts'
import { createOrderRemark, createProgressLine } from './progress.ts'
import { type TraceOpener, traceOpener } from './redact-trace.ts'
import { keyOf } from './redaction-key.ts'
import { refusalText } from './refusal-text.ts'
import { writeAll } from './write-all.ts'

type Options = GlobalOptions & IngestOptions

/** Reads each file into a capture of its own. Where outcomes differ, the worst one is the exit code: see `WORST_FIRST`. */
export const run: Run<IngestOptions> = async (paths, options, io) => {
  const { format } = options
  if (format === 'csv' || format === 'arrow')
    throw new UsageError(`ingest: --format ${format} is for tables; give table or json, then: revenant query findings`)
  if (paths.filter((path) => path === '-').length > 1) throw new UsageError('ingest: - is given twice')
  const again = options.merge ? givenAgain(paths) : undefined
  if (again !== undefined)
    throw new UsageError(`ingest: ${printable(again)} is given twice; merged, each of its events would count twice`)
  if (options.name !== undefined && paths.length > 1 && !options.merge)
    throw new UsageError('ingest: --name is for one file')
  if (options.name === '') throw new UsageError('ingest: --name is empty; leave it away for the name of the file')
  const kept = captureOptions(options)
  if (kept.at !== undefined && options.follow)
    throw new UsageError('ingest: --at is the time of a snapshot, and --follow reads a trace while it is written')
  if (options.align && !options.merge)
    throw new UsageError('ingest: --align is for files that are one capture: give --merge, too')
  const idleMs = idleMilliseconds(options, paths)
  if (options.redact && options.follow)
    throw new UsageError('ingest: --redact is for a trace that is whole; follow it to a file, and redact that')
  // Before hours of reading, not after them.
  if (options.rules !== undefined) await judgeLog({ folder: options.rules, db: null, signal: io.signal })
  const open = traceOpener(kept, keyOf('ingest', options), options.name)
  const log = lazyWriter(options.db)
  const codes: number[] = []
  try {
    const ingest = async (trace: OpenedTrace) => {
      refuseTime(trace, kept)
      return await ingestOne(trace, kept, await log.open(), options, io)
    }
    if (options.follow) {
      const [path] = paths as [string]
      const { followTrace } = await import('./follow/follow-trace.ts')
      const named = (trace: OpenedTrace) => ingest(renamed(trace, options.name))
      return worstOf(await followTrace({ path, options: kept, idleMs, quiet: options.quiet, ingest: named }, io))
    }
    const codeOf = async (trace: OpenedTrace) => (await ingest(trace)).code
    if (options.merge) return await ingestMerged(paths, kept, open, options, io, codeOf)
    const parts = createPerCpuParts()
    for (const path of paths) {
      codes.push(...(await ingestPath(path, open, options, io, codeOf, parts)))
      if (io.signal.aborted) break
    }
    codes.push(...(await readParts(parts.recordings(kept), options, io, codeOf)))
  } finally {
    log.close()
  }
  return worstOf(codes)
}

function givenAgain(paths: string[]): string | undefined {
  const seen = paths.map((path) => resolve(path))
  return paths.find((_, at) => seen.indexOf(seen[at]!) < at)
}

async function ingestMerged(
  paths: string[],
  kept: CaptureOptions,
  open: TraceOpener,
  options: Options,
  io: Io,
  one: (trace: OpenedTrace) => Promise<number>,
): Promise<number> {
  const trace = await openMerged(paths, kept, open, io)
  if (trace.kind === 'refused') {
    io.stderr.write(refusalText(paths.join(' + '), trace))
    return Exit.input
  }
  return readTrace(renamed(trace, options.name), options, io, one)
}

function refuseTime({ path, format, takesTime }: OpenedTrace, { at }: CaptureOptions): void {
  if (at === undefined || takesTime) return
  throw new UsageError(
    `ingest: --at is the time of a snapshot (bufinfo, fdinfo); ${printable(path)} is ${format}, whose lines have times of their own`,
  )
}

function renamed(trace: OpenedTrace, name: string | undefined): OpenedTrace {
  return name === undefined ? trace : { ...trace, content: { ...trace.content, name } }
}

const WORST_FIRST: readonly number[] = [Exit.interrupted, Exit.input, Exit.findings, Exit.incomplete]

const worstOf = (codes: number[]): number => WORST_FIRST.find((code) => codes.includes(code)) ?? Exit.done

/** An input that cannot be used must not leave a database behind: it is made for the first one that can. */
function lazyWriter(path: string) {
  let db: LogConnection | undefined
  return {
    async open(): Promise<LogConnection> {
      db ??= await openWriter(path)
      return db
    },
    close: () => db?.close(),
  }
}

async function ingestOne(
  trace: OpenedTrace,
  kept: CaptureOptions,
  db: LogConnection,
  options: Options,
  io: Io,
): Promise<{ code: number; outcome: IngestOutcome }> {
  const { path, content, size, read, signal } = trace
  const live = content.follow !== undefined
  // What is followed for hours has no progress to log, only to show.
  const shown = !options.quiet && (!live || io.stderr.isTTY)
  const progress = shown ? createProgressLine(printable(content.name), size, io.stderr) : null
  const waits = createOrderRemark(printable(path), io.stderr)
  const announce = live && options.format === 'table' ? (await import('./follow/live-findings.ts')).liveFindings : null
  let outcome: IngestOutcome
  try {
    outcome = await ingestCapture({
      db,
      content,
      options: kept,
      read,
      signal: signal ?? io.signal,
      onProgress(done) {
        progress?.update(done)
        if (live && !options.quiet) waits.update(done)
      },
      onFindings(findings, ticks) {
        const lines = announce ? [...announce(findings, ticks, { color: options.color, stdout: io.stdout })] : []
        if (lines.length === 0) return
        progress?.end()
        io.stdout.write(lines.join(''))
      },
    })
  } finally {
    progress?.end()
  }
  if (!options.quiet) io.stderr.write(remarks(path, trace, outcome, kept))
  const { capture, duplicate, interrupted } = outcome
  if (capture === null) return { code: Exit.interrupted, outcome }
  // Findings of own rules are nothing that is written: they are shown on a connection that could not.
  const reader = options.rules === undefined || interrupted ? null : openReader(options.db)
  try {
    if (reader) await useOwnRules(reader, options, { capture: capture.capture, signal: io.signal })
    const judged = reader ?? db
    if (options.format !== 'table')
      io.stdout.write(`${JSON.stringify(ingestDocument(judged.sqlite, path, capture, { duplicate }))}\n`)
    else if (!interrupted) await summarise(judged, capture.capture, duplicate, options, io)
    return { code: interrupted ? Exit.interrupted : judge(path, judged, capture.capture, options, io), outcome }
  } finally {
    reader?.close()
  }
}

function judge(path: string, db: LogConnection, capture: number, options: Options, io: Io): number {
  const standing = standingOf(db.sqlite, capture)
  if (options.failOn !== undefined && reaches(standing, options.failOn as Severity)) return Exit.findings
  const open = options.strict ? holes(standing) : []
  if (open.length > 0) io.stderr.write(`revenant: ${printable(path)}: the evidence is incomplete: ${open.join(', ')}\n`)
  return open.length > 0 ? Exit.incomplete : Exit.done
}

async function summarise(db: LogConnection, capture: number, duplicate: boolean, options: Options, io: Io) {
  const { writeSummary } = await import('./summary/write-summary.ts')
  await writeAll(writeSummary(db, { ...options, capture, duplicate, stdout: io.stdout }), io)
}

/** What went differently than the user may think. */
function remarks(
  path: string,
  { takesTime }: OpenedTrace,
  { capture, duplicate, interrupted, sameAs, resumedAt }: IngestOutcome,
  kept: CaptureOptions,
) {
  const name = printable(path)
  if (interrupted) {
    const committed = capture ? `${capture.lines} lines are committed and stay` : 'nothing was committed yet'
    return `revenant: interrupted; ${name}: ${committed}; run the same command again to go on\n`
  }
  if (duplicate && JSON.stringify(capture!.options) !== JSON.stringify(kept))
    return `revenant: ${name}: already in the log as capture ${capture!.capture}, with other options, which stay; to have it judged with these, give another --db\n`
  if (sameAs !== null)
    return `revenant: ${name}: the same content as capture ${sameAs}; what capture ${capture!.capture} has of it stays, unfinished\n`
  if (resumedAt > 0) return `revenant: ${name}: went on at byte ${resumedAt}, where an earlier ingest was interrupted\n`
  if (takesTime && kept.at === undefined)
    return `revenant: ${name}: a snapshot does not say when it was taken, so only the order of its lines is known; --at gives it a place on the trace's clock\n`
  return ''
}

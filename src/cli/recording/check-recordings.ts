/** Reads traces into a database that is thrown away, and says what each can prove. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LogConnection, openWriter } from '../../log/connection.ts'
import { ingestCapture } from '../../projection/ingest-capture.ts'
import { Exit, type GlobalOptions, type Io, type RecordOptions, UsageError } from '../command.ts'
import { ingestPath, readParts } from '../ingest-path.ts'
import type { OpenedTrace } from '../open-trace.ts'
import { createPerCpuParts } from '../per-cpu.ts'
import { traceOpener } from '../redact-trace.ts'
import { createPage } from '../summary/page.ts'
import { writeAll } from '../write-all.ts'
import { recordingDocument } from './recording-document.ts'
import { writeRecording } from './write-recording.ts'

type Options = GlobalOptions & RecordOptions

/** The exit code: 3 where a file is no trace. */
export async function checkRecordings(paths: readonly string[], options: Options, io: Io): Promise<number> {
  const flag = paths.find((path) => /^--?\w/.test(path))
  if (flag !== undefined)
    throw new UsageError(
      `record: --check takes the files behind it, and ${flag} reads like a flag; put flags before --check, or write ./${flag}`,
    )
  if (paths.filter((path) => path === '-').length > 1) throw new UsageError('record: - is given twice')
  const codes: number[] = []
  let written = 0
  const check = async (trace: OpenedTrace) => {
    const pieces = await checkOne(trace, options, io)
    if (io.signal.aborted) return Exit.interrupted
    await writeAll(written++ > 0 && options.format === 'table' ? ['\n', ...pieces] : pieces, io)
    return Exit.done
  }
  const parts = createPerCpuParts()
  for (const path of paths) {
    codes.push(...(await ingestPath(path, traceOpener({}, null), options, io, check, parts)))
    if (io.signal.aborted) break
  }
  codes.push(...(await readParts(parts.recordings({}), options, io, check)))
  if (io.signal.aborted) return Exit.interrupted
  return codes.includes(Exit.input) ? Exit.input : Exit.done
}

async function checkOne({ path, content, read }: OpenedTrace, options: Options, io: Io): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'revenant-check-'))
  let db: LogConnection | undefined
  try {
    db = await openWriter(join(folder, 'check.db'))
    const { capture } = await ingestCapture({ db, content, options: {}, read, signal: io.signal })
    if (capture === null) return []
    const document = recordingDocument(db, path, capture, options)
    return options.format === 'json'
      ? [`${JSON.stringify(document)}\n`]
      : [...writeRecording(document, createPage(options, io.stdout))]
  } finally {
    db?.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

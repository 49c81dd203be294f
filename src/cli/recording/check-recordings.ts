/** Reads traces into a database that is thrown away, and says what each can prove. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openWriter } from '../../log/connection.ts'
import { ingestCapture } from '../../projection/ingest-capture.ts'
import { Exit, type GlobalOptions, type Io, type RecordOptions, UsageError } from '../command.ts'
import { openTrace } from '../open-trace.ts'
import { refusalText } from '../refusal-text.ts'
import { createPage } from '../summary/page.ts'
import { writeAll } from '../write-all.ts'
import { recordingDocument } from './recording-document.ts'
import { writeRecording } from './write-recording.ts'

type Options = GlobalOptions & RecordOptions

/** The exit code: 3 where a file is no trace. */
export async function checkRecordings(paths: readonly string[], options: Options, io: Io): Promise<number> {
  if (paths.filter((path) => path === '-').length > 1) throw new UsageError('record: - is given twice')
  let code: number = Exit.done
  for (const [index, path] of paths.entries()) {
    const pieces = await checkOne(path, options, io)
    if (io.signal.aborted) return Exit.interrupted
    if (pieces === null) code = Exit.input
    else await writeAll(index > 0 && options.format === 'table' ? ['\n', ...pieces] : pieces, io)
  }
  return code
}

async function checkOne(path: string, options: Options, io: Io): Promise<string[] | null> {
  const trace = await openTrace(path, {}, io.stdin)
  if (trace.kind === 'refused') {
    io.stderr.write(refusalText(path, trace))
    return null
  }
  const folder = mkdtempSync(join(tmpdir(), 'revenant-check-'))
  const db = await openWriter(join(folder, 'check.db'))
  try {
    const { content, read } = trace
    const { capture } = await ingestCapture({ db, content, options: {}, read, signal: io.signal })
    if (capture === null) return []
    const document = recordingDocument(db, path, capture, options)
    return options.format === 'json'
      ? [`${JSON.stringify(document)}\n`]
      : [...writeRecording(document, createPage(options, io.stdout))]
  } finally {
    trace.close()
    db.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

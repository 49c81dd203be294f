/** Ingests a file in a process of its own: `node ingest-child.ts <db> <trace> <batch lines>`. Prints what came of it. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { openWriter } from '../../src/log/connection.ts'
import type { LogError } from '../../src/log/errors.ts'
import { ingestCapture } from '../../src/projection/ingest-capture.ts'
import { contentOf, kernelReader, requestFor } from './trace.ts'

const [path, trace, batchLines] = process.argv.slice(2) as [string, string, string]
const text = readFileSync(trace)
try {
  const db = await openWriter(path)
  const request = requestFor(db, text, {
    content: contentOf(text, basename(trace)),
    read: kernelReader(Number(batchLines)),
    onProgress: ({ lines }) => process.stderr.write(`${lines}\n`),
  })
  const { capture, resumedAt } = await ingestCapture(request)
  process.stdout.write(JSON.stringify({ capture: capture!.capture, complete: capture!.complete, resumedAt }))
  db.close()
} catch (error) {
  process.stdout.write(JSON.stringify({ code: (error as LogError).code, message: (error as Error).message }))
  process.exitCode = 1
}

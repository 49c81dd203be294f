/** A trace of which nothing is read but with other names in it. */
import type { Input } from '../../ingest/inputs/input.ts'
import { dropBytes } from '../../ingest/inputs/layer.ts'
import type { Refusal } from '../../ingest/refusal.ts'
import { type Content, HEAD_BYTES } from '../log/content.ts'
import type { BatchReader } from '../projection/ingest-request.ts'
import type { RedactionKey } from '../redact/key.ts'
import { createLineRedactor, type LineRedactor } from '../redact/line.ts'
import { createPseudonyms } from '../redact/pseudonyms.ts'
import { redactStream } from '../redact/stream.ts'
import type { CaptureOptions } from './ingest-options.ts'
import { type OpenedTrace, openTrace } from './open-trace.ts'

export type TraceOpener = (input: Input) => Promise<OpenedTrace | Refusal>

/** How the traces of one run are opened: redacted where there is a key, and then called `name`. */
export function traceOpener(options: CaptureOptions, key: RedactionKey | null, name = 'redacted'): TraceOpener {
  return async (input) => {
    const opened = await openTrace(input, options)
    return opened.kind === 'refused' || key === null ? opened : await redactTrace(opened, key, name)
  }
}

/** The same trace redacted, its name left out; refused where its layout does not allow it. */
async function redactTrace(trace: OpenedTrace, key: RedactionKey, name: string): Promise<OpenedTrace | Refusal> {
  const redactor = createLineRedactor(trace.format, createPseudonyms(key))
  if ('kind' in redactor) {
    trace.release?.()
    return redactor
  }
  const content = { ...(await redactContent(trace.content, redactor)), name }
  return { ...trace, size: null, content, read: (start) => withoutHost(trace.read(start)) }
}

/** Its recording may name the machine, apart from its lines. */
function withoutHost(reader: BatchReader): BatchReader {
  return { ...reader, facts: () => ({ ...reader.facts(), host: null, bootId: null }) }
}

async function redactContent(content: Content, redactor: LineRedactor): Promise<Omit<Content, 'name'>> {
  const stream = redactStream(content.open(0), redactor)
  const first: Buffer[] = []
  for (let length = 0; length < HEAD_BYTES; length += first.at(-1)!.length) {
    const { value, done } = await stream.next()
    if (done) break
    first.push(value)
  }
  if (content.seekable) await stream.return(undefined)
  const head = Buffer.concat(first).subarray(0, HEAD_BYTES)
  const passing = async function* () {
    yield* first
    yield* stream
  }
  return {
    head,
    seekable: content.seekable,
    // A place in redacted text has no place in the original: what is before it is made and left away.
    open: content.seekable ? (from) => dropBytes(redactStream(content.open(0), redactor), from) : passing,
  }
}

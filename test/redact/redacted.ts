import type { Format } from '../../ingest/layout.ts'
import { redactionKey } from '../../src/redact/key.ts'
import { createLineRedactor, type LineRedactor } from '../../src/redact/line.ts'
import { createPseudonyms, type Pseudonyms } from '../../src/redact/pseudonyms.ts'
import { redactStream } from '../../src/redact/stream.ts'

export function pseudonyms(key = 'the key of these tests'): Pseudonyms {
  return createPseudonyms(redactionKey(Buffer.from(key)))
}

export function lineRedactor(format: Format = 'ftrace-text', names = pseudonyms()): LineRedactor {
  const redactor = createLineRedactor(format, names)
  if ('kind' in redactor) throw new Error(redactor.message)
  return redactor
}

export async function redactText(text: Buffer, format: Format = 'ftrace-text', names = pseudonyms()): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of redactStream([text], lineRedactor(format, names))) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** One line of kernel text with this payload, redacted: what became of the event. */
export function redactEvent(event: string, names = pseudonyms()): string {
  const line = lineRedactor('ftrace-text', names).redact(
    Buffer.from(`            tool-195     [001] ...1.    54.458350: ${event}`, 'latin1'),
  )
  return line.slice(line.indexOf(' 54.458350: ') + 12)
}

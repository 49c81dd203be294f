import type { LineRedactor } from './line.ts'

/** Longer lines are not understood by any layout, and are not kept here either. */
const MAX_LINE = 1024 * 1024
const PIECE = 256 * 1024
const LF = 0x0a

/** What stands for a line that is too long to be one of a trace: one as long. */
export function overlongLine(): string {
  return `[redacted overlong line]${'.'.repeat(MAX_LINE)}`
}

/** The lines of a text with other names in them, in pieces; no byte of the input passes but through `redactor`. */
export async function* redactStream(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  redactor: LineRedactor,
): AsyncGenerator<Buffer> {
  let begun: Buffer = Buffer.alloc(0)
  let overlong = false
  let out: string[] = []
  let length = 0

  function add(text: string): void {
    out.push(text)
    length += text.length
  }

  function flush(): Buffer {
    const piece = Buffer.from(out.join(''), 'latin1')
    out = []
    length = 0
    return piece
  }

  for await (const chunk of chunks) {
    let at = 0
    while (at < chunk.length) {
      const feed = chunk.indexOf(LF, at)
      const stop = feed < 0 ? chunk.length : feed + 1
      const part = chunk.subarray(at, stop)
      at = stop
      if (!overlong) {
        const line = begun.length === 0 ? part : Buffer.concat([begun, part])
        if (line.length - (feed < 0 ? 0 : 1) > MAX_LINE) overlong = true
        else if (feed >= 0) add(redactor.redact(line))
        begun = feed >= 0 || overlong ? Buffer.alloc(0) : Buffer.from(line)
      }
      if (overlong && feed >= 0) {
        add(`${overlongLine()}\n`)
        overlong = false
      }
      if (length > PIECE) yield flush()
    }
  }
  if (overlong) add(overlongLine())
  else if (begun.length > 0) add(redactor.redact(begun))
  if (length > 0) yield flush()
}

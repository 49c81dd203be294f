import { HASH } from '../ascii.ts'
import type { DetectedLayout } from '../detect-layout.ts'
import { eventName, scanInner, spelledLine } from '../inner-line.ts'
import { beginLayout, type Format, LAYOUTS } from '../layout.ts'
import { createLineHead, Scan } from '../line-head.ts'
import { isFreeText } from '../noise/free-text.ts'
import { type Refusal, refuse } from '../refusal.ts'
import { structureOf } from '../structure.ts'
import { MailText } from './mail-text.ts'
import { beginsMail } from './mime.ts'
import { quotePrefix } from './quote-prefix.ts'
import { resemblesTrace } from './resembles-trace.ts'
import { tailVerdict, type Wrappable, wrappable } from './wrapped-tail.ts'

const HTML = refuse(
  'mail-html',
  'The mail has its text as HTML alone, and HTML is not read.',
  "Save the mail as plain text (most mail programs: View, Message Body As, Plain Text), or give the trace's own file.",
)
const BASE64 = refuse(
  'mail-base64',
  'The text or attachment of the mail is encoded as base64, which is not read.',
  'Save the attachment, or the message as plain text, from the mail program and give that file.',
)

interface Unwrapped {
  text: Buffer
  depth: number
}

/** Lines of other layouts than the kernel's that a mail may hold: JSON objects, QEMU's log, headers of a trace. */
const OTHER = /^(?:\{"|\d+@\d+\.\d{6}:|# tracer:|cpus=\d+\r?$)/

/**
 * A mail, an mbox, a quoted or a wrapped trace, told from the whole lines of the first bytes of the input; null where it is none of these.
 * `detectInner` tells the layout of the lines that are left when all that wraps them is taken off.
 */
export function detectMail(
  lines: readonly Buffer[],
  detectInner: (text: Buffer) => DetectedLayout | Refusal,
): DetectedLayout | Refusal | null {
  const first = lines.find((line) => line.toString('latin1').trim() !== '')?.toString('latin1') ?? ''
  const headed = beginsMail(first)
  const quoted = lines.some((line) => line[0] === 62)
  const encoded = lines.some((line) => line.at(-1) === 61)
  if (!headed && !quoted && !encoded && !mayBeWrapped(lines)) return null
  const { texts, undecoded, html } = unwrap(lines)
  const traceLines = texts.filter(({ text }) => isTraceLike(text.toString('latin1')))
  const events = traceLines.filter(({ text }) => text[0] !== HASH)
  if (events.length === 0) {
    if (!headed || !undecoded) return null
    return html ? HTML : BASE64
  }
  // A file that begins with the kernel's own header is a trace, with a damaged line or two: more has to speak for a mail.
  const often = first.startsWith('# tracer:') ? 2 : 10
  const isQuoted = events.filter(({ depth }) => depth > 0).length * often >= events.length
  const inner = detectInner(Buffer.concat(traceLines.flatMap(({ text }) => [text, LINE_FEED])))
  if (inner.kind === 'refused') return headed || isQuoted ? inner : null
  const format = `mail/${inner.format}` as Format
  if (!Object.hasOwn(LAYOUTS, format)) return null
  return headed || isQuoted || isWrapped(texts, inner.format, first.startsWith('# tracer:') ? 2 : 4)
    ? { kind: 'layout', format }
    : null
}

const LINE_FEED = Buffer.of(10)

function isTraceLike(text: string): boolean {
  return resemblesTrace(text) || OTHER.test(text)
}

/** Cheap, and true of every text that a mailer wrapped: there are lines that are no trace lines, none begins with `#`. */
function mayBeWrapped(lines: readonly Buffer[]): boolean {
  const texts = lines.map((line) => line.toString('latin1'))
  return (
    texts.some(resemblesTrace) && texts.some((text) => text.trim() !== '' && !isTraceLike(text) && text[0] !== '\t')
  )
}

function unwrap(lines: readonly Buffer[]): { texts: Unwrapped[]; undecoded: boolean; html: boolean } {
  const mail = new MailText(null)
  const texts: Unwrapped[] = []
  let [undecoded, html] = [false, false]
  for (const line of lines) {
    const found = mail.take(line, 0, line.length)
    if (found.kind === 'undecoded') {
      undecoded = true
      html ||= mail.state.mime.type === 'text/html'
    }
    if (found.kind !== 'text') continue
    const { bytes, start, end } = found.line
    const { depth, start: from } = quotePrefix(bytes, start, end)
    texts.push({ text: bytes.subarray(from, end), depth })
  }
  return { texts, undecoded, html }
}

/** Whether a mailer wrapped the lines: one event in `often`, or more, has its rest below it, and no line is as wide as an unwrapped one. */
function isWrapped(texts: readonly Unwrapped[], format: Format, often: number): boolean {
  const inner = beginLayout(format)
  const head = createLineHead()
  let above: Wrappable | null = null
  let [events, tails] = [0, 0]
  for (const { text, depth } of texts) {
    const line = spelledLine(text)
    const structure =
      inner.scan(line.bytes, 0, head) > 0 ? null : (inner.structure ?? structureOf)(line.bytes, 0, line.end)
    const code = structure ? Scan.ruler : scanInner(inner, line, head)
    const words = text.toString('latin1')
    const quoted = { depth, start: 0, tight: 0 }
    const tail = code <= 0 && above !== null && !resemblesTrace(words) && tailVerdict(above, depth, words) === 'tail'
    if (tail) tails++
    if (code === Scan.event) {
      events++
      const freeText = isFreeText(eventName(line, head))
      above = freeText
        ? null
        : wrappable(line.bytes, 0, line.end, quoted, { flowed: false, freeText, name: '', payload: '' })
      if (above?.broken === false) return false
    } else if (tail)
      above = wrappable(line.bytes, 0, line.end, quoted, { flowed: false, freeText: false, name: '', payload: '' })
    else above = null
    head.commBytes = head.nameBytes = head.payloadBytes = null
  }
  return tails > 0 && tails * often >= events
}

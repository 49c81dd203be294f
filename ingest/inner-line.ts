import type { LineReader } from './layout.ts'
import { GIVEN_NAMES, type LineHead, Scan } from './line-head.ts'

/** Where the text of a wrapped line stands: in the file's own bytes, or put together in a buffer of its own. */
export interface InnerLine {
  bytes: Buffer
  start: number
  /** `bytes[end]` is readable; the text ends before it. */
  end: number
  /** The same bytes as the line in the file, so that its parts can be named by their places. */
  inPlace: boolean
}

/** A line of its own, for text that the file spells otherwise. */
export function spelledLine(text: Buffer): InnerLine {
  return { bytes: Buffer.concat([text, LINE_FEED]), start: 0, end: text.length, inPlace: false }
}

const LINE_FEED = Buffer.of(10)

/** Without the line feeds and carriage returns at its end: a loop, since `/\n+$/` tries each run of them anew from each of them. */
export function withoutLineEnd(text: string): string {
  let end = text.length
  while (text[end - 1] === '\n' || text[end - 1] === '\r') end--
  return text.slice(0, end)
}

/**
 * Reads the text of a wrapped line as a line of the layout `inner`; what `inner` takes for structure has to be asked
 * before, by `inner.structure`. `strict` leaves the loose scanner out, which may keep state.
 */
export function scanInner(inner: LineReader, line: InnerLine, head: LineHead, strict = false): number {
  let code = inner.scan(line.bytes, line.start, head)
  if (code <= 0 && !strict) code = inner.scanLoose(line.bytes, line.start, head)
  if (code !== Scan.event) return code
  if (head.payloadEnd < 0 || head.payloadEnd > line.end) head.payloadEnd = line.end
  if (!line.inPlace) takeOut(line.bytes, head)
  return code
}

/** Copies the parts that `head` finds in `bytes`, which the parser never sees. */
function takeOut(bytes: Buffer, head: LineHead): void {
  if (head.commStart >= 0) head.commBytes ??= bytes.subarray(head.commStart, head.commEnd)
  if (head.givenName < 0) head.nameBytes ??= bytes.subarray(head.nameStart, head.nameEnd)
  head.payloadBytes = eventPayload({ bytes }, head)
  if (head.commStart > 0) head.commStart = 0
  head.commEnd = head.nameStart = head.nameEnd = head.payloadStart = head.payloadEnd = 0
  head.flagsStart = head.flagsEnd = 0
}

/** Name of the event that `head` describes. */
export function eventName({ bytes }: InnerLine, head: LineHead): string {
  if (head.givenName >= 0) return GIVEN_NAMES[head.givenName]!
  return head.nameBytes?.toString('latin1') ?? bytes.toString('latin1', head.nameStart, head.nameEnd)
}

/** Payload of the event that `head` describes. */
export function eventPayload(
  { bytes }: Pick<InnerLine, 'bytes'>,
  { payloadBytes, payloadStart, payloadEnd }: LineHead,
): Buffer {
  return payloadBytes ?? bytes.subarray(Math.min(payloadStart, payloadEnd), payloadEnd)
}

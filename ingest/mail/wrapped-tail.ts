import { SPACE } from '../ascii.ts'
import type { Quoted } from './quote-prefix.ts'

/** The last line of an event in a mail, as far as it tells whether the next line is its rest. Plain JSON. */
export interface Wrappable {
  depth: number
  /** Columns, the quote's prefix included. */
  width: number
  /** A mailer may have made this line by breaking a longer one: it is short enough, or there was no place to break. */
  broken: boolean
  /** The mail is format=flowed and the line ends in a blank: the next one is its rest, for certain. */
  flowed: boolean
  /** The payload is empty or ends in a blank, so that none has to be put before the rest. */
  blank: boolean
  /** The event's text is anybody's: it may hold any words. */
  freeText: boolean
  name: string
  /** What was read of the payload, as Latin-1. */
  payload: string
}

/** Mailers wrap at 65 to 80 columns, some at up to 100; what is longer was not wrapped. */
const NARROWEST = 65
const WIDEST = 100

export function wrappable(
  b: Buffer,
  p: number,
  end: number,
  quoted: Quoted,
  rest: { flowed: boolean; freeText: boolean; name: string; payload: string },
): Wrappable {
  const text = b.toString('latin1', quoted.start, end)
  const { freeText, name, payload } = rest
  const blank = b[end - 1] === SPACE
  return {
    depth: quoted.depth,
    width: end - p,
    broken: text.length <= WIDEST || !/\S\s+\S/.test(text),
    flowed: rest.flowed && blank,
    blank: blank || payload === '',
    freeText,
    name,
    payload,
  }
}

export type TailVerdict = 'tail' | 'either' | 'no'

/**
 * Whether `text`, the line right below `before`, is its rest: a mailer breaks where the next word would not fit, so
 * line and word together are wider than the narrowest page, and the line is no wider than the widest. What is quoted
 * less deep was wrapped when it was quoted, or is an answer: only what looks like fields is taken.
 */
export function tailVerdict(before: Wrappable, depth: number, text: string): TailVerdict {
  const words = text.split(/\s+/).filter((word) => word !== '')
  const first = words[0]
  if (first === undefined || depth > before.depth) return 'no'
  if (!before.freeText && before.payload !== '' && HEAD.test(first)) return 'no'
  if (before.flowed && depth === before.depth) return 'tail'
  if (!before.broken || before.width + 1 + first.length < NARROWEST) return 'no'
  if (words.slice(0, 2).some((word) => FIELD_LIKE.test(word))) return 'tail'
  return before.freeText && depth === before.depth ? 'tail' : 'either'
}

/** A probe's head stands where a payload begins: the line above it, with the event that it is of, is missing. */
const HEAD = /^\(\w[\w.]*\+0x/

/** What payloads are made of, and sentences seldom. */
const FIELD_LIKE = /[=\d[\]{}|_+]|<-|->|^-$/

/**
 * Whether an event lacks its rest: no payload of the kernel ends in an open bracket or quote, in a range or a list that
 * goes on, or right behind a name.
 */
export function lacksRest({ broken, freeText, payload }: Wrappable): boolean {
  if (!broken || freeText) return false
  if (payload === '' || /(?:^| )(?:-|<-|->|==>)$|[,:]$/.test(payload)) return true
  const count = (mark: RegExp) => payload.match(mark)?.length ?? 0
  return count(/\(/g) > count(/\)/g) || count(/\{/g) > count(/\}/g) || count(/"/g) % 2 === 1
}

/** What tells a payload from another of the same name: a probe's, on entry or return, or a tracepoint's. */
export function payloadKind({ name, payload }: Wrappable): string {
  return `${payload[0] === '(' ? (payload.includes(' <- ') ? 'return' : 'entry') : 'event'} ${name}`
}

/** Names of a payload's fields in order, each with a comma behind it; events of one kind have the same. */
export function fieldNames(payload: string): string {
  return (payload.match(/(?<=^| )\w+(?==)/g) ?? []).map((name) => `${name},`).join('')
}

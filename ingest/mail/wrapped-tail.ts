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
  /** The payload ends in a blank, so that none has to be put before the rest. */
  blank: boolean
  /** The event's text is anybody's: it may hold any words. */
  freeText: boolean
}

/** Mailers wrap at 65 to 80 columns, some at up to 100; what is longer was not wrapped. */
const NARROWEST = 65
const WIDEST = 100

export function wrappable(
  b: Buffer,
  p: number,
  end: number,
  quoted: Quoted,
  rest: { flowed: boolean; freeText: boolean },
): Wrappable {
  const text = b.toString('latin1', quoted.start, end)
  const blank = b[end - 1] === SPACE
  return {
    depth: quoted.depth,
    width: end - p,
    broken: text.length <= WIDEST || !/\S\s+\S/.test(text),
    flowed: rest.flowed && blank,
    blank,
    freeText: rest.freeText,
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
  if (before.flowed && depth === before.depth) return 'tail'
  if (!before.broken || before.width + 1 + first.length < NARROWEST) return 'no'
  if (words.slice(0, 2).some((word) => FIELD_LIKE.test(word))) return 'tail'
  return before.freeText && depth === before.depth ? 'tail' : 'either'
}

/** What payloads are made of, and sentences seldom. */
const FIELD_LIKE = /[=\d[\]{}|_+]|<-|->|^-$/

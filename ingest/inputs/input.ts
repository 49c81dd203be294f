import type { Refusal } from '../refusal.ts'

/**
 * One content that may be a trace: a file, a stream, a member of an archive, or the text that a program made of them.
 * It can be read until the next input is asked for, a seekable one afterwards too.
 */
export interface Input {
  kind: 'input'
  /** As messages name it: the path given, and behind it the path inside the archive or folder. */
  path: string
  /** As its capture is called. */
  name: string
  /** Bytes, where that is known before all of it was read. */
  size: number | null
  /** The first bytes of the content, at most `HEAD_BYTES`: for `detectLayout`. */
  head: Buffer
  /** Whether `open` can be called again, and at any place. */
  seekable: boolean
  /**
   * The content from `from` on, unpacked and as text. A chunk's memory is used again for the next one. Throws
   * `InputError` where it is damaged; where it merely ends too early, `ending` says so.
   */
  open(from: number): AsyncIterable<Buffer>
  ending: Ending
  /** By the program that turned it into text. */
  found: Found
  /** The trace clock that a file beside it names. */
  clockBeside: string | null
  /** It came out of a folder or an archive: not being a trace is no failure then. */
  member: boolean
}

/** What was to be an input and is none. */
export interface RefusedInput {
  kind: 'refused-input'
  path: string
  refusal: Refusal
  member: boolean
}

/** Something the user should know of a folder or an archive. */
export interface InputRemark {
  kind: 'remark'
  path: string
  text: string
  /** Something is missing that might have been evidence. */
  incomplete: boolean
}

export type OpenedInput = Input | RefusedInput | InputRemark

/** How the reading of a content went; filled in while it is read. */
export interface Ending {
  /** Why the content ends earlier than it should; null where it does not. */
  cut: string | null
  /** What was left unread for another reason. */
  readonly remarks: Set<string>
}

/** What was found out about a content from around it; null is unknown. */
export interface Found {
  /** Name of the trace clock, as in `trace_clock`. */
  clock: string | null
  kernel: string | null
  host: string | null
}

export const NOTHING_FOUND: Found = { clock: null, kernel: null, host: null }

/** What lies inside something that is cut is cut with it. */
export function createEnding(outer: Ending | null = null): Ending {
  let own: string | null = null
  return {
    get cut() {
      return own ?? outer?.cut ?? null
    },
    set cut(why) {
      own = why
    },
    remarks: new Set(),
  }
}

/** A content cannot be read any further: exit 3. The message says what, where, and what to do next. */
export class InputError extends Error {
  readonly exitCode = 3
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(`${refusal.message} ${refusal.advice}`)
    this.name = 'InputError'
    this.refusal = refusal
  }
}

import { type InnerLine, spelledLine } from '../inner-line.ts'
import { bodyKind, MIME_START, type MimeState, walkMime } from './mime.ts'
import { decodeQuotedPrintable, soundsQuotedPrintable } from './quoted-printable.ts'

/** What is kept between the lines of a mail; plain JSON. */
export interface MailTextState {
  mime: MimeState
  /** Text before a soft break of quoted-printable, as Latin-1. */
  held: string | null
  /** What the lines told where no header did: quoted-printable or not. */
  sounds: boolean | null
}

/** No line of a trace is longer (include/linux/trace_seq.h): soft breaks that go on are no line's. */
const LONGEST_HELD = 64 * 1024

export type MailLine =
  | { kind: 'text'; line: InnerLine }
  /** `cutShort` where a held line will never be complete; it began with `held`. */
  | { kind: 'around'; cutShort: string | null }
  | { kind: 'held' }
  | { kind: 'undecoded' }

/** Takes a mail, an mbox or a pasted body apart: headers, boundaries, soft breaks; gives the lines of its text parts. */
export class MailText {
  readonly state: MailTextState

  constructor(state: MailTextState | null) {
    this.state = state ? structuredClone(state) : { mime: { ...MIME_START, boundaries: [] }, held: null, sounds: null }
  }

  get flowed(): boolean {
    return this.state.mime.flowed
  }

  /** Takes the line `b[p, end)`, its terminator excluded. */
  take(b: Buffer, p: number, end: number): MailLine {
    const { state } = this
    const line = b.toString('latin1', p, end)
    const place = walkMime(state.mime, line)
    const kind = place === 'around' ? 'around' : bodyKind(state.mime)
    if (kind === 'around') {
      const cutShort = state.held
      state.held = null
      if (state.mime.at === 'headers') state.sounds = null
      return { kind, cutShort }
    }
    if (kind === 'undecoded') return line.trim() === '' ? { kind: 'around', cutShort: null } : { kind }
    if (!this.#isQuotedPrintable(line)) return { kind: 'text', line: { bytes: b, start: p, end, inPlace: true } }
    const { text, soft } = decodeQuotedPrintable(b, p, end)
    const whole = state.held === null ? text : Buffer.concat([Buffer.from(state.held, 'latin1'), text])
    const goesOn = soft && whole.length <= LONGEST_HELD
    state.held = goesOn ? whole.toString('latin1') : null
    return goesOn ? { kind: 'held' } : { kind: 'text', line: spelledLine(whole) }
  }

  #isQuotedPrintable(line: string): boolean {
    const { mime, held } = this.state
    if (mime.encoding !== null) return mime.encoding === 'quoted-printable'
    this.state.sounds ??= soundsQuotedPrintable(line)
    return held !== null || this.state.sounds === true
  }
}

/** Why an input cannot be read: an expected outcome, so a value. All three texts are for people, `code` is for programs. */
export interface Refusal {
  kind: 'refused'
  code: RefusalCode
  /** What was seen. */
  message: string
  /** What to do about it. */
  advice: string
}

export type RefusalCode =
  | 'missing'
  | 'directory'
  | 'unreadable'
  | 'empty'
  | 'binary'
  | 'compressed'
  /** Packed bytes that do not unpack, or an archive whose structure is broken. */
  | 'damaged'
  /** A program that would turn the input into text is not installed. */
  | 'program-missing'
  /** That program could not read it. */
  | 'program-failed'
  | 'nested'
  | 'trace-dat'
  | 'perf-data'
  | 'no-context'
  | 'raw-format'
  | 'hex-format'
  | 'bin-format'
  | 'carriage-returns'
  | 'graph-without-time'
  | 'stream'
  | 'clocks-differ'
  | 'no-time'
  | 'html'
  | 'systrace-compressed'
  | 'atrace-compressed'
  | 'trace-event-json'
  | 'mail-html'
  | 'mail-base64'
  | 'not-a-trace'
  | 'layout-not-redactable'

export function refuse(code: RefusalCode, message: string, advice: string): Refusal {
  return { kind: 'refused', code, message, advice }
}

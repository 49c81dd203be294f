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
  | 'trace-dat'
  | 'perf-data'
  | 'no-context'
  | 'raw-format'
  | 'hex-format'
  | 'bin-format'
  | 'graph-without-time'
  | 'trace-cmd-report'
  | 'perf-script'
  | 'console-log'
  | 'stream'
  | 'clocks-differ'
  | 'no-time'
  | 'not-a-trace'
  | 'layout-not-redactable'

export function refuse(code: RefusalCode, message: string, advice: string): Refusal {
  return { kind: 'refused', code, message, advice }
}

/** Where the parts of one event line were found, and the numbers in it. One object is filled again and again. */
export interface LineHead {
  /** -1 where the line does not name its task. */
  commStart: number
  commEnd: number
  pid: number
  tgid: number
  cpu: number
  flagsStart: number
  flagsEnd: number
  /** Low and high half of the time as signed 32-bit integers: no BigInt is made for a line. */
  timeLow: number
  timeHigh: number
  /** 1 where the time is a bare integer of an unknown unit (counter, uptime, x86-tsc). */
  ticks: number
  nameStart: number
  nameEnd: number
  /** Index into `GIVEN_NAMES` where the line does not spell its event's name, else -1. */
  givenName: number
  payloadStart: number
  /** -1 where the payload ends with the line. */
  payloadEnd: number
  /** Task, name and payload where the line spells them otherwise (escapes, wrapped text); null again after each line. */
  commBytes: Buffer | null
  nameBytes: Buffer | null
  payloadBytes: Buffer | null
  /** Which of the file's inputs the event comes from, where a file holds more than one; else 0. */
  input: number
  /** 1 where the machine was started anew before this line; to be cleared by who reads it. */
  boot: number
}

export function createLineHead(): LineHead {
  return {
    commStart: 0,
    commEnd: 0,
    pid: 0,
    tgid: 0,
    cpu: 0,
    flagsStart: 0,
    flagsEnd: 0,
    timeLow: 0,
    timeHigh: 0,
    ticks: 0,
    nameStart: 0,
    nameEnd: 0,
    givenName: -1,
    payloadStart: 0,
    payloadEnd: -1,
    commBytes: null,
    nameBytes: null,
    payloadBytes: null,
    input: 0,
    boot: 0,
  }
}

/** What a scanner found: positive where the line was understood, else the reason why not, the deeper the smaller. */
export const Scan = {
  event: 1,
  /** `<stack trace>`: context without an event; the frames follow. */
  stackMarker: 2,
  /** A line of the layout that only draws (function_graph's separators), or that frames the trace. */
  ruler: 3,
  /** More of the payload of the event before: `payloadBytes` is to be put behind it. */
  continued: 4,
  noTask: -1,
  noCpu: -2,
  noTime: -3,
  timeOverflow: -4,
  noName: -5,
  mixedClock: -6,
  overlong: -7,
  miscounted: -8,
  unfinished: -9,
  /** From here on: known to be no text of the event before, however free that is. */
  eitherTailOrProse: -20,
  leftOut: -21,
  cutShort: -22,
  undecoded: -23,
  notJson: -24,
  noEvent: -25,
  noStamp: -26,
  badField: -27,
  badHeader: -28,
  compressed: -29,
  severalLines: -30,
  otherClock: -31,
  damaged: -32,
} as const

const REASONS: Record<number, string> = {
  [Scan.noTask]: 'no task-pid before the CPU',
  [Scan.noCpu]: 'no [cpu] after the pid',
  [Scan.noTime]: 'no time after the CPU and flags',
  [Scan.timeOverflow]: 'the time does not fit into 63 bits of nanoseconds',
  [Scan.noName]: 'no event name after the time',
  [Scan.mixedClock]: 'the time has another unit than the first one of this trace',
  [Scan.otherClock]: 'the time is of another clock than the first one of this log',
  [Scan.damaged]: 'others wrote into this line of the dump',
  [Scan.overlong]: 'the line is longer than any trace line',
  [Scan.miscounted]: 'the total is not that of the lines before it',
  [Scan.unfinished]: 'a snapshot begins, and the one before it has no total: it was cut short',
  [Scan.eitherTailOrProse]:
    'right below an event: the rest of it, wrapped by a mailer, or prose; a blank line between would tell',
  [Scan.leftOut]: 'says that lines of the trace were left out here',
  [Scan.cutShort]: 'the line before ends in a soft break of quoted-printable, and this is not its rest',
  [Scan.undecoded]: 'a part of the mail that is not read (base64 or HTML)',
  [Scan.notJson]: 'not a JSON object on one line',
  [Scan.noEvent]: 'no "event" (or "name"), a string that is not empty',
  [Scan.noStamp]: 'no "ts_ns" (integer) or "ts" (seconds, at most 9 decimals) that fits into 63 bits of nanoseconds',
  [Scan.badField]:
    'a field has the wrong type: cpu, pid, tgid are integers, comm, group, data strings, fields one flat object and not beside data',
  [Scan.badHeader]: 'a "revenant" header of a version other than 1',
  [Scan.compressed]: 'compressed trace data, which is not read',
  [Scan.severalLines]: 'one printf with several lines: print each event with a printf of its own',
}

/** Says in words why a line was not understood. */
export function reasonText(code: number): string {
  return REASONS[code] ?? 'not a line of this layout'
}

/** Names of entries that the kernel prints without one; as in `events/ftrace/` where it has a name there. */
export const GIVEN_NAMES = [
  'UNKNOWN TYPE',
  'raw_data',
  'funcgraph_entry',
  'funcgraph_exit',
  'print',
  'console',
] as const
export const GivenName = { unknownType: 0, rawData: 1, graphEntry: 2, graphExit: 3, print: 4, console: 5 } as const
export const GIVEN_NAME_BYTES = GIVEN_NAMES.map((name) => Buffer.from(name))

/** Scans the line at `p`; `b` holds a line feed at its end. */
export type LineScanner = (b: Uint8Array, p: number, head: LineHead) => number

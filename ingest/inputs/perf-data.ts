import { type Refusal, refuse } from '../refusal.ts'
import { type Converter, conversionError } from './convert.ts'
import type { Found } from './input.ts'
import { runProgram } from './programs.ts'
import { textOf } from './text-of.ts'

const COMMAND = 'perf'
const FIELDS = 'comm,pid,tid,cpu,time,event,trace'
/** Neither the user's configuration nor a debuginfo server has a say. */
const ENV = { PERF_CONFIG: '/dev/null', DEBUGINFOD_URLS: '' }

/** `perf record`'s file through `perf script`: nanoseconds, and what was lost. `-f`: another user's file is read too. */
export const perfData: Converter = {
  text: (file, signal) => call(['script', '-f', '-i', file, '--ns', '--show-lost-events', '-F', FIELDS], signal),
  found: async (file, signal) =>
    readPerfHeader(await textOf(call(['script', '-f', '-i', file, '--header-only'], signal))),
  explain: (error) => conversionError(error, COMMAND, MISSING, 'a perf.data of perf record'),
}

function call(args: string[], signal: AbortSignal | undefined): AsyncIterable<Buffer> {
  return runProgram({ command: COMMAND, args, input: null, env: ENV, signal })
}

const MISSING: Refusal = refuse(
  'program-missing',
  'The input is a perf.data of perf record, and perf, which prints it as text, is not installed.',
  `Install it (Debian: apt-get install linux-perf), or turn it into text where it is: perf script -F ${FIELDS} --ns -i FILE > trace.txt`,
)

/** Trace clocks by `clockid_t` (include/uapi/linux/time.h). */
const CLOCK_IDS: Record<string, string> = { 0: 'realtime', 1: 'mono', 4: 'mono_raw', 7: 'boot', 11: 'tai' }

/** perf's util/header.c `perf_header__fprintf_info()`. Without a clock id, times are those of `perf_clock()`. */
function readPerfHeader(text: string): Found {
  const field = (name: string) => new RegExp(`^# ${name} : (.+)$`, 'm').exec(text)?.[1]?.trim() ?? null
  const host = field('hostname')
  const id = /^# event : .*\buse_clockid = 1\b.*\bclockid = (\d+)/m.exec(text)?.[1]
  const others = /^# event : /m.test(text) ? 'perf' : null
  return {
    clock: id === undefined ? others : (CLOCK_IDS[id] ?? null),
    kernel: field('os release'),
    host: host === '(none)' ? null : host,
  }
}

import { type Refusal, refuse } from '../refusal.ts'
import { type Converter, conversionError } from './convert.ts'
import type { Found } from './input.ts'
import { runProgram } from './programs.ts'
import { textOf } from './text-of.ts'

const COMMAND = 'trace-cmd'

/**
 * `trace-cmd record`'s file, versions 6 and 7, through `trace-cmd report`: with all nine decimals (`-t`), and without
 * plugins (`-N`), which are code from the user's folders.
 */
export const traceDat: Converter = {
  text: (file, signal) =>
    runProgram({ command: COMMAND, args: ['report', '-N', '-t', '-i', file], input: null, signal }),
  async found(file, signal) {
    const call = { command: COMMAND, args: ['dump', '--options', '-i', file], input: null, signal }
    return readOptions(await textOf(runProgram(call)))
  },
  explain: (error) => conversionError(error, COMMAND, MISSING, 'a trace.dat of trace-cmd'),
}

const MISSING: Refusal = refuse(
  'program-missing',
  'The input is a trace.dat of trace-cmd, and trace-cmd, which prints it as text, is not installed.',
  'Install it (Debian: apt-get install trace-cmd), or turn it into text where it is: trace-cmd report -t FILE > trace.txt',
)

/** What `trace-cmd dump --options` prints of the options that record.c `add_options()` wrote. */
function readOptions(text: string): Found {
  const clocks = /\[Option TRACECLOCK, [^\n]*\n([^\n]*)/.exec(text)?.[1] ?? ''
  const uname = /\[Option UNAME, [^\n]*\n\s*\S+ (\S+) (\S+)/.exec(text)
  return {
    clock: /\[([\w-]+)\]/.exec(clocks)?.[1] ?? null,
    kernel: uname?.[2] ?? null,
    host: uname === null || uname[1] === '(none)' ? null : uname[1]!,
  }
}

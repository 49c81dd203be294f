import { type Refusal, refuse } from '../refusal.ts'
import { type Found, InputError, NOTHING_FOUND } from './input.ts'
import { ProgramError } from './programs.ts'

/** A program that prints a binary recording as text. Files are named by absolute paths, which no program takes for a flag. */
export interface Converter {
  text(file: string, signal: AbortSignal | undefined): AsyncIterable<Buffer>
  found(file: string, signal: AbortSignal | undefined): Promise<Found>
  /** A failure of the program in words; any other error as it is. */
  explain(error: unknown): unknown
}

/** The recording's text. A program that prints nothing has failed, whatever it says. */
export async function* convert(
  converter: Converter,
  file: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  let silent = true
  try {
    for await (const chunk of converter.text(file, signal)) {
      silent = false
      yield chunk
    }
    if (silent) throw new ProgramError('printed nothing', false, '')
  } catch (error) {
    throw signal?.aborted ? error : converter.explain(error)
  }
}

/** What else the file knows; its text counts without that, too. */
export async function factsOf(converter: Converter, file: string, signal: AbortSignal | undefined): Promise<Found> {
  try {
    return await converter.found(file, signal)
  } catch (error) {
    if (error instanceof ProgramError) return NOTHING_FOUND
    throw error
  }
}

export function conversionError(error: unknown, command: string, missing: Refusal, what: string): unknown {
  if (!(error instanceof ProgramError)) return error
  if (error.missing) return new InputError(missing)
  const said = error.stderr
    .split('\n')
    .filter((line) => !/ Ignoring\.$/.test(line))
    .slice(-3)
    .join('; ')
  const why = error.message === 'printed nothing' ? `${command} finds nothing in it` : error.message
  return new InputError(
    refuse(
      'program-failed',
      `The input is ${what}, but ${why}${said === '' ? '' : ` (${said.trim()})`}.`,
      `It may be cut short, empty, or of a newer version than this ${command} reads: look at it where it was recorded.`,
    ),
  )
}

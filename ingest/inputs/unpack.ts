import { refuse } from '../refusal.ts'
import { type Ending, InputError } from './input.ts'
import { unpackMembers } from './members.ts'
import { ProgramError, runProgram } from './programs.ts'

export type Compression = 'gzip' | 'zstd' | keyof typeof PROGRAMS

/** Compressions that a program unpacks, from its standard input: a file's name never reaches it. */
export const PROGRAMS = {
  xz: { command: 'xz', args: ['-dc', '--memlimit-decompress=1GiB'], debian: 'xz-utils' },
  bzip2: { command: 'bzip2', args: ['-dc'], debian: 'bzip2' },
  lz4: { command: 'lz4', args: ['-dc'], debian: 'lz4' },
}

/** What these programs write where their input ends too early. */
const ENDS_EARLY = /unexpected end|ends unexpectedly|unfinished stream|unexpected EOF|Read error.*0 ?!= ?/i

/** Unpacks `chunks`; see `Input.open` for how it ends. */
export function unpack(
  compression: Compression,
  chunks: AsyncIterable<Buffer>,
  ending: Ending,
  signal?: AbortSignal,
): AsyncIterable<Buffer> {
  if (compression === 'gzip' || compression === 'zstd') return unpackMembers(compression, chunks, ending)
  return unpackByProgram(compression, chunks, ending, signal)
}

async function* unpackByProgram(
  compression: keyof typeof PROGRAMS,
  input: AsyncIterable<Buffer>,
  ending: Ending,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const { command, args, debian } = PROGRAMS[compression]
  let unpacked = 0
  try {
    for await (const chunk of runProgram({ command, args, input, signal })) {
      unpacked += chunk.length
      yield chunk
    }
  } catch (error) {
    if (!(error instanceof ProgramError) || signal?.aborted) throw error
    if (error.missing) throw new InputError(missing(compression, command, debian))
    if (!ENDS_EARLY.test(error.stderr)) throw new InputError(damaged(compression, error, unpacked))
    ending.cut = `the ${compression} data ends too early, after ${unpacked} unpacked bytes`
  }
}

function missing(compression: string, command: string, debian: string) {
  return refuse(
    'program-missing',
    `The input is compressed (${compression}), and the program ${command} that unpacks it is not installed.`,
    `Install it (Debian: apt-get install ${debian}), or unpack the input elsewhere.`,
  )
}

function damaged(compression: string, { message, stderr }: ProgramError, unpacked: number) {
  const said = stderr.split('\n').find((line) => line.trim() !== '') ?? 'no word on why'
  return refuse(
    'damaged',
    `The ${compression} data is damaged behind unpacked byte ${unpacked}: ${message} (${said}).`,
    'Fetch the file again; what a damaged archive unpacks to is no evidence.',
  )
}

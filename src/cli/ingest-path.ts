/** Everything that one argument of `ingest` stands for: a file, or the members of a folder or an archive. */
import { InputError, type OpenedInput } from '../../ingest/inputs/input.ts'
import { openInputs } from '../../ingest/inputs/open-inputs.ts'
import type { Refusal, RefusalCode } from '../../ingest/refusal.ts'
import { printable } from '../output/table.ts'
import { Exit, type IngestOptions, type Io } from './command.ts'
import type { OpenedTrace } from './open-trace.ts'
import type { PerCpuParts } from './per-cpu.ts'
import type { TraceOpener } from './redact-trace.ts'
import { refusalText } from './refusal-text.ts'
import { many } from './summary/quantity.ts'

export type Flags = Pick<IngestOptions, 'name' | 'strict'> & { quiet: boolean }

/** What is no trace may lie in a folder or an archive without a word of blame. */
const NO_TRACE: readonly RefusalCode[] = ['not-a-trace', 'empty', 'binary']

type IngestOne = (trace: OpenedTrace) => Promise<number>

/** Gives each trace to `ingestOne`, those of single CPUs to `parts`; all that is none is said on stderr. Returns the exit codes of all of them. */
export async function ingestPath(
  path: string,
  open: TraceOpener,
  flags: Flags,
  io: Io,
  ingestOne: IngestOne,
  parts: PerCpuParts,
): Promise<number[]> {
  const codes: number[] = []
  let skipped = 0
  let kept = 0
  for await (const opened of openInputs(path, { stdin: io.stdin, name: flags.name, signal: io.signal })) {
    if (io.signal.aborted) return [...codes, Exit.interrupted]
    const found = await whatItIs(opened, open)
    if (found.kind === 'remark') {
      if (found.incomplete || !flags.quiet) say(io, found.path, found.text)
      if (found.incomplete && flags.strict) codes.push(Exit.incomplete)
    } else if (found.kind === 'trace') {
      if (await parts.take(found)) kept++
      else codes.push(await readTrace(found, flags, io, ingestOne))
    } else if (opened.kind !== 'remark' && isNoTrace(opened, found)) {
      skipped++
      if (!flags.quiet) say(io, opened.path, `skipped: ${found.message}`)
    } else {
      io.stderr.write(refusalText(opened.path, found))
      const cut = cutOf(opened)
      if (cut !== null) say(io, opened.path, cut)
      codes.push(Exit.input)
    }
    if (io.signal.aborted) break
  }
  if (codes.length > 0 || kept > 0) return codes
  const others = skipped === 0 ? 'no file at all' : many(skipped, 'other file')
  io.stderr.write(`revenant: ${printable(path)}: there is no trace in it (${others}). Give a trace.\n`)
  return [Exit.input]
}

/** A file that lies in a folder or an archive and is whole, and yet is no trace. */
export function isNoTrace(opened: Exclude<OpenedInput, { kind: 'remark' }>, { code }: Refusal): boolean {
  return opened.member && NO_TRACE.includes(code) && cutOf(opened) === null
}

function cutOf(opened: OpenedInput): string | null {
  return opened.kind === 'input' ? opened.ending.cut : null
}

type Seen = Extract<OpenedInput, { kind: 'remark' }> | OpenedTrace | Refusal

async function whatItIs(opened: OpenedInput, open: TraceOpener): Promise<Seen> {
  if (opened.kind === 'input') return await open(opened)
  return opened.kind === 'remark' ? opened : opened.refusal
}

/** The recordings that were put together out of the traces of single CPUs. */
export async function readParts(
  recordings: OpenedTrace[],
  flags: Flags,
  io: Io,
  ingestOne: IngestOne,
): Promise<number[]> {
  const codes: number[] = []
  for (const trace of recordings) {
    if (!io.signal.aborted) codes.push(await readTrace(trace, flags, io, ingestOne))
    else trace.release?.()
  }
  return codes
}

/** Bytes that turn out to be damaged end this trace, and no other. */
export async function readTrace(
  trace: OpenedTrace,
  { quiet, strict }: Flags,
  io: Io,
  ingestOne: IngestOne,
): Promise<number> {
  let code: number
  try {
    code = await ingestOne(trace)
  } catch (error) {
    if (!(error instanceof InputError) || io.signal.aborted) throw error
    io.stderr.write(refusalText(trace.path, error.refusal))
    return Exit.input
  } finally {
    trace.release?.()
  }
  const { ending } = trace
  if (!quiet) for (const remark of ending.remarks) say(io, trace.path, remark)
  if (ending.cut === null || code === Exit.interrupted) return code
  say(io, trace.path, `${ending.cut}; what came before is read, the evidence is incomplete`)
  return strict && code === Exit.done ? Exit.incomplete : code
}

function say(io: Io, path: string, text: string): void {
  io.stderr.write(`revenant: ${printable(`${path}: ${text}`)}\n`)
}

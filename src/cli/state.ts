import { device, ino, from as time } from '../../queries/parameters.ts'
import type { Capture } from '../log/captures.ts'
import { openReader } from '../log/connection.ts'
import { askState, type StateQuestion, type StateRefusal } from '../projection/state/ask-state.ts'
import { stateDocument } from '../projection/state/document.ts'
import { captureNumber } from './capture-number.ts'
import { Exit, type GlobalOptions, type Run, type StateOptions, UsageError } from './command.ts'
import { commandLine } from './own-name.ts'
import { stateText } from './state/write-state.ts'
import { createPage } from './summary/page.ts'
import { timeText } from './summary/quantity.ts'
import { writeAll } from './write-all.ts'

/** Tells what was so at one moment: buffers, who was attached, what was mapped, what was being waited for. */
export const run: Run<StateOptions> = async (_, options, io) => {
  const { format } = options
  if (format === 'csv' || format === 'arrow')
    throw new UsageError(`state: --format ${format} is for tables, and a state is a tree; see: revenant state --json`)
  const question = parameters(options)
  const db = openReader(options.db)
  try {
    const { sqlite } = db
    sqlite.exec('BEGIN')
    const answer = askState(sqlite, { ...question, capture: captureNumber(sqlite, options) })
    if ('why' in answer) throw new UsageError(`state: ${inWords(answer, options)}`)
    const { capture, state } = answer
    const pieces =
      format === 'table'
        ? stateText(capture, state, createPage(options, io.stdout))
        : [`${JSON.stringify(stateDocument(capture, state))}\n`]
    await writeAll(pieces, io)
    return io.signal.aborted ? Exit.interrupted : Exit.done
  } finally {
    db.close()
  }
}

/** The flags mean what the parameters of the queries mean. */
function parameters(options: StateOptions): Omit<StateQuestion, 'capture'> {
  if (options.at === undefined)
    throw new UsageError('state: --at is missing: the time in question, as timeline prints it')
  const problems: string[] = []
  const read = <T>(name: 'at' | 'ino' | 'device', schema: { safeParse(text: unknown): Parsed<T> }): T | undefined => {
    const parsed = schema.safeParse(options[name])
    if (!parsed.success) problems.push(`--${name} "${options[name]}" ${parsed.error.issues[0]!.message}`)
    return parsed.success ? parsed.data : undefined
  }
  const question = { at: read('at', time), ino: read('ino', ino), device: read('device', device) }
  if (problems.length > 0) throw new UsageError(`state: ${problems.join('; ')}`)
  return { ...question, at: question.at! }
}

type Parsed<T> = { success: true; data: T } | { success: false; error: { issues: { message: string }[] } }

function inWords(
  refusal: StateRefusal,
  { db, at, ino: number, device: name, capture }: StateOptions & GlobalOptions,
): string {
  const of = capture === undefined ? 'the log' : `capture ${capture}`
  switch (refusal.why) {
    case 'no-captures':
      return `${db} has no captures yet; ingest a trace first`
    case 'no-such-capture':
      return `there is no capture ${capture}; see: ${commandLine('query captures', db)}`
    case 'no-such-buffer':
      return `${of} has no buffer ${number}; see: ${commandLine('query buffers', db)}`
    case 'no-such-device':
      return `${of} has no device ${name}; see: ${commandLine('query importers', db)}`
    case 'outside':
      return `--at ${at} lies in none of the captures asked for: ${refusal.captures.map(span).join(', ')}${unit(at, refusal.captures)}`
    case 'several':
      return `--at ${at} lies in several captures: ${refusal.captures.map(span).join(', ')}; say which with --capture`
  }
}

/** `--at 50` of a trace that goes from 25.9 to 73.5 is a slip of the pen. */
function unit(at: string | undefined, captures: readonly Capture[]): string {
  const whole = at !== undefined && /^\d+$/.test(at) && captures.some(({ ticks }) => !ticks)
  return whole ? `; without a decimal point it is nanoseconds, and ${at}.0 is seconds` : ''
}

function span({ capture, firstNs, lastNs, ticks }: Capture): string {
  if (firstNs === null || lastNs === null) return `${capture} (no events)`
  return `${capture} (${timeText(firstNs, ticks)} to ${timeText(lastNs, ticks)})`
}

import { events as eventsQuery } from '../../queries/events.ts'
import { parseParameters } from '../../queries/parse-parameters.ts'
import { type Capture, listCaptures } from '../log/captures.ts'
import { openReader } from '../log/connection.ts'
import { captureNumber } from './capture-number.ts'
import { Exit, type Run, type TimelineOptions, UsageError } from './command.ts'
import { commandLine } from './own-name.ts'
import { useOwnRules } from './own-rules.ts'
import { createPage, quoted } from './summary/page.ts'
import { selectEvents } from './timeline/select-events.ts'
import { findSubject, type Subject } from './timeline/subject.ts'
import { eventDocument, type ToldEvent, tell, timelineQuotes, timelineText } from './timeline/write-timeline.ts'
import { writeAll } from './write-all.ts'

interface Parameters {
  ino?: bigint
  device?: string
  from?: bigint
  to?: bigint
  limit?: number
}

interface Told {
  capture: Capture
  events: Iterable<ToldEvent>
}

/** Tells a buffer's or a device's events in order, capture by capture. */
export const run: Run<TimelineOptions> = async (_, options, io) => {
  const { format } = options
  if (format === 'csv' || format === 'arrow')
    throw new UsageError(`timeline: --format ${format} is for tables; see: revenant query events`)
  if (options.ino !== undefined && options.device !== undefined)
    throw new UsageError('timeline: --ino and --device are two stories; give one of them')
  const { ino, device, from, to, limit } = parameters(options)
  const db = openReader(options.db)
  try {
    const { sqlite } = db
    const chosen = captureNumber(sqlite, options)
    await useOwnRules(db, options, { capture: chosen, signal: io.signal })
    sqlite.exec('BEGIN')
    const told: Told[] = []
    for (const capture of listCaptures(sqlite)) {
      if (chosen !== null && capture.capture !== chosen) continue
      const subject: Subject | null = findSubject(sqlite, { capture: capture.capture, ino, device })
      if (subject === null) continue
      const events = selectEvents(sqlite, capture, subject, { from, to })
      told.push({ capture, events: tell(events, subject.findings, limit ?? Number.POSITIVE_INFINITY) })
    }
    if (told.length === 0) throw new UsageError(unknown(options))
    await writeAll(format === 'table' ? text() : json(), io)
    return io.signal.aborted ? Exit.interrupted : Exit.done

    function* text(): Generator<string> {
      const page = createPage(options, io.stdout)
      for (const { capture, events } of told) {
        if (told.length > 1)
          yield `${page.paint('bold', `capture ${capture.capture}, ${quoted(capture.name, page.width)}`)}\n`
        yield* options.quote ? timelineQuotes(events, page, capture) : timelineText(events, page, capture)
      }
    }

    function* json(): Generator<string> {
      let separator = format === 'json' ? '[\n' : ''
      for (const { capture, events } of told)
        for (const event of events) {
          const document = eventDocument(capture, event)
          const line = JSON.stringify(options.quote ? { ...document, text: event.text } : document)
          yield `${separator}${line}${format === 'json' ? '' : '\n'}`
          if (format === 'json') separator = ',\n'
        }
      if (format === 'json') yield separator === '[\n' ? '[]\n' : '\n]\n'
    }
  } finally {
    db.close()
  }
}

/** The flags mean what the parameters of the `events` query mean. */
function parameters(options: TimelineOptions): Parameters {
  const pairs = (['ino', 'device', 'from', 'to', 'limit'] as const).flatMap((name): [string, string][] =>
    options[name] === undefined ? [] : [[name, options[name]]],
  )
  const parsed = parseParameters(eventsQuery, pairs)
  if (parsed.ok) return inOrder(parsed.params as Parameters, options)
  throw new UsageError(
    `timeline: ${parsed.problems.map(({ parameter, message }) => `--${parameter} ${message}`).join('; ')}`,
  )
}

function inOrder(parameters: Parameters, { from, to }: TimelineOptions): Parameters {
  if (parameters.from === undefined || parameters.to === undefined || parameters.from <= parameters.to)
    return parameters
  throw new UsageError(`timeline: --from ${from} is after --to ${to}, so nothing lies between`)
}

function unknown({ ino, device, db }: TimelineOptions & { db: string }): string {
  if (ino === undefined && device === undefined) return `timeline: ${db} has no captures yet; ingest a trace first`
  const what = ino === undefined ? `no device ${device}` : `no buffer ${ino}`
  return `timeline: the log has ${what}; see: ${commandLine(ino === undefined ? 'query importers' : 'query buffers', db)}`
}

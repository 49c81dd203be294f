import { styleText } from 'node:util'
import { findingsWith } from '../../queries/findings.ts'
import { findQuery, QUERIES } from '../../queries/index.ts'
import { parseParameters } from '../../queries/parse-parameters.ts'
import type { Query } from '../../queries/query.ts'
import { openSnapshot, type QueryResult } from '../../queries/run-query.ts'
import { OWN_PREFIX, type OwnRule } from '../domain/rules.ts'
import { type LogConnection, openReader } from '../log/connection.ts'
import { inWords } from '../log/errors.ts'
import { Exit, type GlobalOptions, type Io, type RulesOption, type Run, UsageError } from './command.ts'
import { useOwnRules } from './own-rules.ts'
import { listQueries } from './query-list.ts'
import { writeAll } from './write-all.ts'

interface QueryOptions extends RulesOption {
  list?: boolean
  param: [string, string][]
}

/** Characters of a text that a terminal's table shows. */
const CELL_WIDTH = 48

export const run: Run<QueryOptions> = async ([name], options, io) => {
  if (options.list) {
    await writeAll(listQueries(options.format), io)
    return Exit.done
  }
  if (name === undefined)
    throw new UsageError(`query: no name was given; choose one of ${names()}, or see query --list`)
  const query = findQuery(name)
  if (query === undefined) throw new UsageError(`query: there is no "${name}"; choose one of ${names()}`)
  const parsed = parseParameters(query, options.param)
  if (!parsed.ok) {
    const problems = parsed.problems.map(({ parameter, message }) => `-p ${parameter}: ${message}`)
    throw new UsageError(`query ${name}: ${problems.join('; ')}`)
  }
  if (options.format === 'arrow' && io.stdout.isTTY)
    throw new UsageError(
      'query: arrow is binary; send it to a file or a program, as in: … --format arrow > findings.arrows',
    )
  const connection = openReader(options.db)
  try {
    const asked = name === 'findings' ? await withOwnRules(connection, parsed.params, options, io) : query
    const snapshot = openSnapshot(connection)
    try {
      await writeAll(await formatted(snapshot.run(asked, parsed.params), options, io), io)
    } finally {
      snapshot.end()
    }
  } catch (error) {
    throw inWords(error, connection.path)
  } finally {
    connection.close()
  }
  return io.signal.aborted ? Exit.interrupted : Exit.done
}

/** `findings`, with those of the user's own rules where there are any. */
async function withOwnRules(
  connection: LogConnection,
  { capture = null, rule }: { capture?: number | null; rule?: string },
  options: RulesOption,
  { signal }: Io,
): Promise<Query> {
  const own = await useOwnRules(connection, options, { capture, signal })
  if (rule?.startsWith(OWN_PREFIX) && !own.includes(rule as OwnRule))
    throw new UsageError(
      options.rules === undefined
        ? `query findings: -p rule=${rule} is a rule of your own; give its folder with --rules`
        : `query findings: -p rule=${rule}: ${options.rules} has no such rule, only ${own.join(', ')}`,
    )
  return findingsWith(own)
}

async function formatted(
  result: QueryResult,
  { format, color }: GlobalOptions,
  { stdout }: Io,
): Promise<Iterable<string | Uint8Array>> {
  switch (format) {
    case 'arrow':
      return (await import('../arrow/ipc-stream.ts')).writeArrow(result)
    case 'csv':
      return (await import('../output/csv.ts')).writeCsv(result)
    case 'json':
      return (await import('../output/json.ts')).writeJson(result)
    case 'ndjson':
      return (await import('../output/json.ts')).writeNdjson(result)
    case 'table': {
      const { writeTable } = await import('../output/table.ts')
      const heading = (text: string) =>
        color && stdout.isTTY ? styleText('bold', text, { validateStream: false }) : text
      return writeTable(result, { maxWidth: stdout.isTTY ? CELL_WIDTH : Number.POSITIVE_INFINITY, heading })
    }
  }
}

function names(): string {
  return QUERIES.map(({ name }) => name).join(', ')
}

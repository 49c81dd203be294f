import { type Context, Hono } from 'hono'
import { findings, findingsWith } from '../../queries/findings.ts'
import { findQuery, QUERIES } from '../../queries/index.ts'
import { parseParameters } from '../../queries/parse-parameters.ts'
import { openSnapshot, type Snapshot } from '../../queries/run-query.ts'
import { OWN_PREFIX, type OwnRule } from '../domain/rules.ts'
import type { JudgedLog } from '../own-rules/judged-log.ts'
import { onlyRead, problem } from './problem.ts'
import type { Readers } from './readers.ts'
import { negotiate, REPRESENTATIONS, type Representation, splitSuffix } from './representation.ts'

/** `GET /` lists the named queries, `GET /<query>` answers one; `judged` has the findings of own rules, where there are any. */
export function queryRoutes(readers: Readers, judged: JudgedLog | null): Hono {
  const routes = new Hono()
  routes.get('/', (c) =>
    c.json({ queries: QUERIES.map(describe), formats: REPRESENTATIONS.map(({ format }) => format) }),
  )
  routes.get('/:query', (c) => answer(c, readers, judged))
  routes.all('/:query', onlyRead)
  return routes
}

function describe({ name, summary, parameters, columns, example }: (typeof QUERIES)[number]): object {
  return {
    name,
    summary,
    parameters: Object.entries(parameters).map(([parameter, schema]) => ({
      name: parameter,
      doc: schema.description ?? '',
    })),
    columns: columns.map((column) => ({
      name: column.name,
      type: column.type,
      nullable: column.nullable,
      doc: column.doc,
    })),
    example: `/v1/${name}?${new URLSearchParams(example)}`,
  }
}

async function answer(c: Context, readers: Readers, judged: JudgedLog | null): Promise<Response> {
  const { name, representation: suffixed } = splitSuffix(c.req.param('query')!)
  const query = findQuery(name)
  if (query === undefined)
    return problem('not-found', `there is no query "${name}"; GET /v1 lists them`, {
      queries: QUERIES.map((q) => q.name),
    })

  const pairs = [...new URL(c.req.url).searchParams]
  const chosen = choose(
    suffixed,
    pairs.filter(([key]) => key === 'format').map(([, text]) => text),
    c.req.header('Accept'),
  )
  if (chosen instanceof Response) return chosen
  const parsed = parseParameters(
    query,
    pairs.filter(([key]) => key !== 'format'),
  )
  if (!parsed.ok) {
    const told = parsed.problems.map(({ parameter, message }) => `${parameter}: ${message}`)
    return problem('bad-parameter', told.join('; '), { problems: parsed.problems })
  }

  const connection = readers.borrow()
  let snapshot: Snapshot | undefined
  const end = () => {
    snapshot?.end()
    readers.giveBack(connection)
  }
  try {
    const own = query === findings && judged ? await judged.show(connection) : null
    const { rule } = parsed.params as { rule?: string }
    if (rule?.startsWith(OWN_PREFIX) && !own?.rules.includes(rule as OwnRule)) {
      end()
      return problem('bad-parameter', `rule: "${rule}" is no rule here; ${ownRulesText(own?.rules ?? [])}`)
    }
    snapshot = openSnapshot(connection)
    const etag = `"${snapshot.tag}${own ? `-${own.digest}` : ''}-${chosen.format}"`
    const headers = {
      ETag: etag,
      'X-Log-Position': String(snapshot.position),
      'Cache-Control': 'no-cache',
      Vary: 'Accept',
    }
    const unchanged = (c.req.header('If-None-Match') ?? '').split(',').some((tag) => matches(tag.trim(), etag))
    if (unchanged || c.req.method === 'HEAD') {
      end()
      const status = unchanged ? 304 : 200
      return new Response(null, {
        status,
        headers: unchanged ? headers : { ...headers, 'Content-Type': chosen.contentType },
      })
    }
    const pieces = chosen.write(snapshot.run(own ? findingsWith(own.rules) : query, parsed.params))[Symbol.iterator]()
    // Asked for before there is a status: what fails here is still a problem of its own.
    const first = pieces.next()
    return new Response(stream(first, pieces, end), { headers: { ...headers, 'Content-Type': chosen.contentType } })
  } catch (error) {
    end()
    throw error
  }
}

function ownRulesText(rules: readonly OwnRule[]): string {
  return rules.length > 0 ? `own ones are ${rules.join(', ')}` : 'serve --rules has own ones'
}

function matches(tag: string, etag: string): boolean {
  return tag === '*' || tag.replace(/^W\//, '') === etag
}

function choose(
  suffixed: Representation | undefined,
  formats: string[],
  accept: string | undefined,
): Representation | Response {
  const named = REPRESENTATIONS.find(({ format }) => format === formats[0])
  const known = REPRESENTATIONS.map(({ format }) => format).join(', ')
  if (formats.length > 1) return problem('bad-parameter', 'format: is given twice')
  if (formats.length === 1 && named === undefined)
    return problem('bad-parameter', `format: "${formats[0]}" is none of ${known}`)
  if (suffixed && named && suffixed !== named)
    return problem('bad-parameter', `format: "${named.format}" contradicts the suffix ${suffixed.suffix}`)
  const available = REPRESENTATIONS.map(({ mediaType }) => mediaType)
  return (
    suffixed ??
    named ??
    negotiate(accept) ??
    problem('not-acceptable', `"${accept}" accepts none of ${available.join(', ')}`, { available }, { Vary: 'Accept' })
  )
}

type Piece = string | Uint8Array

/** Gives a piece whenever the client has room for one. A failure breaks the connection off; `end` is called in any case. */
function stream(first: IteratorResult<Piece>, pieces: Iterator<Piece>, end: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let next: IteratorResult<Piece> | undefined = first
  return new ReadableStream(
    {
      pull(controller) {
        try {
          const { done, value } = next ?? pieces.next()
          next = undefined
          if (done) {
            end()
            controller.close()
          } else controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value)
        } catch (error) {
          end()
          controller.error(error)
        }
      },
      cancel() {
        pieces.return?.()
        end()
      },
    },
    { highWaterMark: 0 },
  )
}

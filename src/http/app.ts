import { Hono } from 'hono'
import { inWords, LogError, type LogErrorCode } from '../log/errors.ts'
import { createJudgedLog } from '../own-rules/judged-log.ts'
import { OwnRuleError } from '../own-rules/own-rule-error.ts'
import { evidenceRoute } from './evidence-route.ts'
import { problem } from './problem.ts'
import { queryRoutes } from './query-routes.ts'
import { createReaders } from './readers.ts'
import { stateRoute } from './state-route.ts'

export interface AppOptions {
  /** Path of the database, which must exist when it is first asked. */
  db: string
  /** Path of a folder of the user's own rules, whose findings are among the others. */
  rules?: string | undefined
}

export interface App {
  fetch: Hono['fetch']
  /** Asks without a socket, as tests do. */
  request: Hono['request']
  /** Closes the database; answers under way keep their connection until they end. */
  close(): void
}

const OWN_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]'])

/** What may be over when the same is asked again. */
const PASSING = new Set<LogErrorCode>(['database-missing', 'database-locked', 'disk-full'])

/**
 * The HTTP interface to one log.
 *
 * @example
 * const app = createApp({ db: 'revenant.db' })
 * const response = await app.request('/v1/findings.arrows?severity=error')
 */
export function createApp({ db, rules }: AppOptions): App {
  const readers = createReaders(db)
  const judged = rules === undefined ? null : createJudgedLog(db, rules)
  const app = new Hono()
  app.use(async (c, next) => {
    // A page elsewhere may point its own name at 127.0.0.1 (DNS rebinding) and would read a log that is not its business.
    const { hostname } = new URL(c.req.url)
    if (!OWN_HOSTS.has(hostname))
      return problem('wrong-host', `this answers to localhost and 127.0.0.1, not to ${hostname}`)
    await next()
    c.res.headers.set('X-Content-Type-Options', 'nosniff')
  })
  app.get('/healthz', (c) => {
    const connection = readers.borrow()
    readers.giveBack(connection)
    return c.json({ status: 'ok' })
  })
  app.route('/v1/buffers', stateRoute(readers))
  app.route('/v1/findings', evidenceRoute(readers, judged))
  app.route('/v1', queryRoutes(readers, judged))
  app.notFound((c) => problem('not-found', `${c.req.path} is nothing here; GET /v1 lists the queries`))
  app.onError((thrown) => {
    if (thrown instanceof OwnRuleError) return problem('rule-failed', thrown.message)
    const error = inWords(thrown, db)
    if (!(error instanceof LogError)) return problem('internal', thrown.message)
    return problem(PASSING.has(error.code) ? 'unavailable' : 'internal', error.message, { code: error.code })
  })
  return {
    fetch: app.fetch,
    request: app.request,
    close() {
      judged?.close()
      readers.close()
    },
  }
}

import { type Context, Hono } from 'hono'
import { capture, ino, from as time } from '../../queries/parameters.ts'
import { openSnapshot } from '../../queries/run-query.ts'
import { askState, type StateRefusal } from '../projection/state/ask-state.ts'
import { stateDocument } from '../projection/state/document.ts'
import { onlyRead, problem } from './problem.ts'
import type { Readers } from './readers.ts'

/** `GET /{capture}/{ino}/state?at=`: one buffer as it was at that time. */
export function stateRoute(readers: Readers): Hono {
  const routes = new Hono()
  routes.get('/:capture/:ino/state', (c) => answer(c, readers))
  routes.all('/:capture/:ino/state', onlyRead)
  return routes
}

function answer(c: Context, readers: Readers): Response {
  const times = new URL(c.req.url).searchParams.getAll('at')
  if (times.length !== 1)
    return problem('bad-parameter', `at: is ${times.length === 0 ? 'missing' : 'given twice'}; ?at=<time> says when`)
  const at = time.safeParse(times[0])
  if (!at.success) return problem('bad-parameter', `at: "${times[0]}" ${at.error.issues[0]!.message}`)
  const number = capture.safeParse(c.req.param('capture'))
  const inode = ino.safeParse(c.req.param('ino'))
  if (!number.success || !inode.success)
    return problem('not-found', `${c.req.path}: a buffer is /v1/buffers/<capture>/<ino>, both of them numbers`)
  const connection = readers.borrow()
  try {
    const snapshot = openSnapshot(connection)
    try {
      const question = { capture: number.data!, at: at.data!, ino: inode.data! }
      const found = askState(connection.sqlite, question)
      if ('why' in found) return refused(found, c)
      return c.json(stateDocument(found.capture, found.state), 200, {
        ETag: `"${snapshot.tag}-json"`,
        'X-Log-Position': String(snapshot.position),
        'Cache-Control': 'no-cache',
      })
    } finally {
      snapshot.end()
    }
  } finally {
    readers.giveBack(connection)
  }
}

function refused(refusal: StateRefusal, c: Context): Response {
  const { capture: number, ino: inode } = c.req.param() as { capture: string; ino: string }
  if (refusal.why === 'outside') {
    const { firstNs, lastNs } = refusal.captures[0]!
    const members = {
      first_ns: firstNs === null ? null : String(firstNs),
      last_ns: lastNs === null ? null : String(lastNs),
    }
    const reach = firstNs === null ? 'has no events' : `reaches from ${firstNs} to ${lastNs} ns`
    return problem('bad-parameter', `at: lies outside of capture ${number}, which ${reach}`, members)
  }
  if (refusal.why === 'no-such-buffer')
    return problem(
      'not-found',
      `capture ${number} has no buffer ${inode}; GET /v1/buffers?capture=${number} lists them`,
    )
  return problem('not-found', `there is no capture ${number}; GET /v1/captures lists them`)
}

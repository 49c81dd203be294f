import { type Context, Hono } from 'hono'
import { openSnapshot } from '../../queries/run-query.ts'
import { evidenceDocuments } from '../evidence/document.ts'
import { findFinding } from '../evidence/find-finding.ts'
import type { JudgedLog } from '../own-rules/judged-log.ts'
import { onlyRead, problem } from './problem.ts'
import type { Readers } from './readers.ts'

/** `GET /{finding}/evidence`: the lines of the trace that prove a finding, or stand in its way. */
export function evidenceRoute(readers: Readers, judged: JudgedLog | null): Hono {
  const routes = new Hono()
  routes.get('/:finding/evidence', (c) => answer(c, readers, judged))
  routes.all('/:finding/evidence', onlyRead)
  return routes
}

async function answer(c: Context, readers: Readers, judged: JudgedLog | null): Promise<Response> {
  const name = c.req.param('finding')!
  const connection = readers.borrow()
  try {
    const own = judged && (await judged.show(connection))
    const snapshot = openSnapshot(connection)
    try {
      const found = findFinding(connection.sqlite, name)
      if (found === null) return problem('not-found', `there is no finding "${name}"; GET /v1/findings lists them`)
      const { finding, rule, verdict, missing } = found
      const [document] = evidenceDocuments(connection.sqlite, [found])
      return c.json({ finding, rule, verdict, missing, ...document }, 200, {
        ETag: `"${snapshot.tag}${own ? `-${own.digest}` : ''}-json"`,
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
